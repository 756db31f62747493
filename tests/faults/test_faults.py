"""Faults around a grading: each ends in a right verdict, or in `broken` with the reason, and leaves nothing behind."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from grader.catalog.find import find_catalog
from grader.grading.grade import grade
from grader.report import Verdict
from tests.conftest import KATA
from tests.waiting import HANG_S, wait_until

pytestmark = pytest.mark.slow

SHIPPED = find_catalog()
MakeKata = Callable[..., Path]


class Grading:
    """A running `kata check`, with a folder for its temporary files."""

    def __init__(self, folder: Path, temporary: Path, *arguments: str | Path) -> None:
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KATA_", "PYTEST_"))
        }
        self.process = subprocess.Popen(
            [str(KATA), "check", *map(str, arguments), "--json"],
            cwd=folder,
            env={**clean, "TMPDIR": str(temporary)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def below(self) -> list[psutil.Process]:
        """Its descendants, in the order of their start."""
        try:
            found = psutil.Process(self.process.pid).children(recursive=True)
            return sorted(found, key=lambda process: (process.create_time(), process.pid))
        except psutil.Error:
            return []

    def named(self, word: str) -> list[psutil.Process]:
        """Descendants with this word in their command line."""
        found = []
        for process in self.below():
            with contextlib.suppress(psutil.Error):
                if word in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def kill(self, word: str) -> None:
        """Kill the first of these, once there is one."""
        found: list[psutil.Process] = []

        def look() -> bool:
            found.extend(self.named(word))
            return bool(found)

        self.until(look)
        found[0].kill()

    def workers(self) -> list[psutil.Process]:
        """The solution's processes: children of the launcher, which is a child of bubblewrap in a sandbox."""
        found: list[psutil.Process] = []
        for launcher in self.named("grader.child.boot"):
            with contextlib.suppress(psutil.Error):
                if launcher.name() != "bwrap":
                    found += launcher.children()
        return found

    def kill_a_worker(self) -> None:
        """Kill one of the solution's processes; try another one if it has exited by then."""

        def kill() -> bool:
            for worker in self.workers():
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.kill()
                    return True
            return False

        self.until(kill)

    def until(self, condition: Callable[[], object]) -> None:
        """Wait for a condition that must become true while the grading runs."""
        deadline = time.monotonic() + HANG_S
        while not condition():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def end(self) -> tuple[int, dict[str, object]]:
        """Wait for its end; returns the exit code and the report."""
        out, err = self.process.communicate(timeout=HANG_S)
        assert out, err
        return self.process.returncode, json.loads(out)


def reference(slug: str) -> Path:
    """A right solution."""
    return SHIPPED.kata(slug).reference


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files that a PostgreSQL under another user may pass through; pytest's folders are
    private.
    """
    folder = Path(tempfile.mkdtemp(prefix="kata-faults-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def nothing_is_left(temporary: Path) -> Iterator[None]:
    """Afterwards no folder of a grading is left, and no process with the folder in its command line or as its own."""
    yield
    nothing_remains(temporary)


def nothing_remains(temporary: Path) -> None:
    """Wait until no folder and no process of a grading is left."""

    def left() -> list[object]:
        return [*temporary.glob("fastapi-katas-*"), *with_folder(temporary)]

    wait_until(lambda: not left(), left)


def with_folder(folder: Path) -> list[psutil.Process]:
    """Processes with this folder in their command line, or with a working folder below it."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(str(folder) in word for word in process.cmdline()) or process.cwd().startswith(
                str(folder)
            ):
                found.append(process)
    return found


@pytest.mark.usefixtures("nothing_is_left")
def test_a_check_whose_worker_is_killed_is_attempted_again_on_a_fresh_server(
    tmp_path: Path, temporary: Path
) -> None:
    grading = Grading(
        tmp_path, temporary, "sleepy-handler", "--solution", reference("sleepy-handler")
    )
    grading.kill_a_worker()
    code, report = grading.end()
    assert (code, report["verdict"]) == (0, "passed"), report


@pytest.mark.usefixtures("nothing_is_left")
def test_a_solution_that_kills_itself_fails(tmp_path: Path, temporary: Path) -> None:
    app = tmp_path / "app.py"
    text = reference("sleepy-handler").read_text()
    app.write_text(
        f"{text}\n\n@app.middleware('http')\nasync def end(request, call_next):\n "
        "   os.kill(os.getpid(), 9)\n\n\nimport os\n"
    )
    code, report = Grading(tmp_path, temporary, "sleepy-handler", "--solution", app).end()
    assert (code, report["verdict"]) == (1, "failed"), report


@pytest.mark.usefixtures("nothing_is_left")
def test_a_grading_whose_launcher_is_killed_is_broken(tmp_path: Path, temporary: Path) -> None:
    grading = Grading(
        tmp_path, temporary, "sleepy-handler", "--solution", reference("sleepy-handler")
    )
    grading.until(grading.workers)
    grading.kill("grader.child.boot")
    code, report = grading.end()
    assert (code, report["verdict"]) == (4, "broken"), report
    assert "The launcher process exited" in json.dumps(report)


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("servers", [1, 2])
def test_a_grading_whose_database_is_killed_is_broken(
    tmp_path: Path, temporary: Path, servers: int
) -> None:
    grading = Grading(
        tmp_path, temporary, "oversized-pool", "--solution", reference("oversized-pool")
    )
    seen: set[psutil.Process] = set()

    def see() -> bool:
        seen.update(grading.workers())
        return len(seen) >= servers

    grading.until(see)
    grading.kill("max_connections=")
    code, report = grading.end()
    assert (code, report["verdict"]) == (4, "broken"), report
    assert "PostgreSQL" in json.dumps(report)


@pytest.mark.parametrize("slug", ["sleepy-handler", "oversized-pool"])
def test_after_a_grader_was_killed_the_next_one_cleans_up(
    tmp_path: Path, temporary: Path, slug: str
) -> None:
    for _ in range(3):
        grading = Grading(tmp_path, temporary, slug, "--solution", reference(slug))
        grading.until(lambda: with_folder(temporary))  # read before the next round
        time.sleep(random.uniform(0, 1.5))
        grading.process.kill()
        grading.process.communicate()
    code, report = Grading(tmp_path, temporary, slug, "--solution", reference(slug)).end()
    assert (code, report["verdict"]) == (0, "passed"), report
    nothing_remains(temporary)


def test_progress_survives_a_kill_at_any_moment(tmp_path: Path, temporary: Path) -> None:
    subprocess.run([str(KATA), "next"], cwd=tmp_path, check=True, capture_output=True)
    shutil.copy(reference("sleepy-handler"), tmp_path / "sleepy-handler" / "app.py")
    for after_s in (0.5, 1.0, 1.5, 2.0):
        grading = Grading(tmp_path, temporary, "sleepy-handler")
        time.sleep(after_s)
        grading.process.kill()
        grading.process.communicate()
        listed = subprocess.run(
            [str(KATA), "list"], cwd=tmp_path, check=False, capture_output=True, text=True
        )
        assert listed.returncode == 0, listed.stderr
        assert "sleepy-handler" in listed.stdout
    assert Grading(tmp_path, temporary, "sleepy-handler").end()[0] == 0


@pytest.mark.usefixtures("nothing_is_left")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_grading_cleans_up(
    tmp_path: Path, temporary: Path, number: signal.Signals
) -> None:
    grading = Grading(
        tmp_path, temporary, "oversized-pool", "--solution", reference("oversized-pool")
    )
    grading.until(grading.workers)
    grading.process.send_signal(number)
    grading.process.communicate(timeout=HANG_S)
    assert grading.process.returncode == 128 + number


@pytest.mark.usefixtures("nothing_is_left")
def test_too_few_descriptors_are_broken_with_the_advice_to_allow_more(
    tmp_path: Path, temporary: Path
) -> None:
    script = f"ulimit -n 24; exec '{KATA}' check sleepy-handler --solution '{reference('sleepy-handler')}'"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(temporary)},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    assert done.returncode == 4, done.stdout + done.stderr
    assert "ulimit -n" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


FULL = """
mount -t tmpfs -o size={size} none {folder} || exit 77
export TMPDIR={folder}
exec '{kata}' check {arguments}
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="a small disk is made with a mount namespace"
)
@pytest.mark.parametrize(
    ("slug", "size"),
    [("sleepy-handler", "4k"), ("oversized-pool", "4m"), ("oversized-pool", "30m")],
)
def test_a_full_disk_is_broken_and_reported(temporary: Path, slug: str, size: str) -> None:
    folder = temporary / "small"
    folder.mkdir()
    script = FULL.format(
        size=size, folder=folder, kata=KATA, arguments=f"{slug} --solution '{reference(slug)}'"
    )
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    if done.returncode == 77 or "unshare" in done.stderr:
        assert not os.environ.get("CI"), done.stderr
        pytest.skip("no mount namespace can be had here")
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert (
        "space" in (done.stdout + done.stderr).lower() or "PostgreSQL" in done.stdout + done.stderr
    )


def test_jumps_of_the_system_clock_do_not_matter(
    make_kata: MakeKata, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    steps = iter([0.0, 3600.0, -3600.0, 86400.0])
    current = {"step": 0.0}

    def stepping() -> float:
        current["step"] = next(steps, current["step"])
        return real() + current["step"]

    monkeypatch.setattr(time, "time", stepping)
    catalog = find_catalog(make_kata())
    kata = catalog.kata("tiny")
    report = grade(kata, kata.reference).report
    assert report.verdict is Verdict.PASSED
    assert 0 < report.duration_s < 60
