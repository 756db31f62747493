"""`kata watch` with real gradings, and what it says when it cannot watch."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from grader.catalog.find import find_catalog
from grader.interactive.watch.lock import hold_watch_lock
from grader.workspace.handout import hand_out
from grader.workspace.progress import State, Workspace, make_workspace
from tests.cli.pipes import PipeLines
from tests.conftest import APP, CHECKS, KATA, RunKata
from tests.waiting import HANG_S, wait_until

pytestmark = pytest.mark.slow

MakeKata = Callable[..., Path]
RIGHT = APP.replace("{answer}", "yes")
SLOW = CHECKS + "    import anyio\n    await anyio.sleep(600)\n"


class Watch:
    """A real `kata watch` in a pipe, with its own folder for temporary files."""

    def __init__(self, play: Path, katas: Path, temporary: Path) -> None:
        self.temporary = temporary
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KATA_", "PYTEST_"))
        }
        self.process = subprocess.Popen(
            [str(KATA), "watch", "--katas", str(katas)],
            cwd=play,
            env={**clean, "TMPDIR": str(temporary), "PYTHONUTF8": "1", "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        self._lines = PipeLines(self.process.stdout)

    def until(self, text: str) -> str:
        """Read until a line contains this text; returns all lines read since the last call."""
        return self._lines.until(text)

    def wait_for_gradings(self, count: int) -> None:
        """Wait until this many gradings have a copy of the solution in their folders."""
        wait_until(lambda: len(list(self.temporary.glob("*/solution/app.py"))) == count)

    def end(self, number: int) -> int:
        """End it with this signal, and wait until nothing of it is left; its exit code."""
        self.process.send_signal(number)
        self.process.communicate(timeout=HANG_S)
        wait_until(lambda: not self.leftovers(), self.leftovers)
        return self.process.returncode

    def leftovers(self) -> list[object]:
        """Temporary files and processes that name their folder."""
        named = [
            process
            for process in psutil.process_iter(["cmdline"])
            if str(self.temporary) in " ".join(process.info["cmdline"] or ())
        ]
        return [*self.temporary.iterdir(), *named]


@contextlib.contextmanager
def running_watch(play: Path, katas: Path, tmp_path: Path) -> Iterator[Watch]:
    """A watch that is killed afterwards."""
    (tmp_path / "tmp").mkdir()
    watch = Watch(play, katas, tmp_path / "tmp")
    try:
        yield watch
    finally:
        watch.process.kill()
        watch.process.communicate()


@pytest.fixture
def katas(make_kata: MakeKata) -> Path:
    """A folder of one kata."""
    return make_kata()


@pytest.fixture
def play(katas: Path, tmp_path: Path) -> Path:
    """A workspace with the kata handed out."""
    folder = tmp_path / "play"
    folder.mkdir()
    hand_out(find_catalog(katas).kata("tiny"), make_workspace(folder), {})
    return folder


@pytest.fixture
def watch(play: Path, katas: Path, tmp_path: Path) -> Iterator[Watch]:
    """A watch of it."""
    with running_watch(play, katas, tmp_path) as watch:
        yield watch


def test_every_save_is_graded_a_pass_is_recorded_and_nothing_is_left_behind(
    watch: Watch, play: Path
) -> None:
    first = watch.until("Fix tiny/app.py and save it.")
    assert 'should be "yes", but was "no"' in first
    assert "Failed: 0 of 1 checks passed" in first
    (play / "tiny" / "new.py").write_text(RIGHT)
    (play / "tiny" / "new.py").replace(play / "tiny" / "app.py")
    second = watch.until("Next: kata next")
    assert "It answers with yes." in second
    assert "Passed: all 1 checks passed" in second
    assert Workspace(play).states({}) == {"tiny": State.PASSED}
    assert len(list((play / ".kata" / "runs").iterdir())) == 2
    assert watch.end(signal.SIGTERM) == 143


def test_a_save_interrupts_the_grading_in_progress(watch: Watch, play: Path, katas: Path) -> None:
    watch.until("Failed")
    watch.wait_for_gradings(0)  # the first one's folder is gone
    (katas / "tiny" / "checks.py").write_text(SLOW)
    (play / "tiny" / "app.py").write_text(RIGHT)
    watch.until("saved")
    watch.wait_for_gradings(1)
    (katas / "tiny" / "checks.py").write_text(CHECKS)
    (play / "tiny" / "app.py").write_text(RIGHT)
    seen = watch.until("Passed: all 1 checks passed")
    assert "Saved again: starting over." in seen
    assert watch.end(signal.SIGINT) == 130


def test_a_watch_that_is_killed_leaves_nothing(watch: Watch, play: Path, katas: Path) -> None:
    (katas / "tiny" / "checks.py").write_text(SLOW)
    watch.wait_for_gradings(1)
    assert watch.end(signal.SIGKILL) == -signal.SIGKILL


def test_what_a_newer_version_changed_is_shown_before_the_first_grading(
    play: Path, katas: Path, tmp_path: Path
) -> None:
    checks = katas / "tiny" / "checks.py"
    checks.write_text(checks.read_text() + "\n# Changed.\n")
    with running_watch(play, katas, tmp_path) as watch:
        seen = watch.until("Fix tiny/app.py and save it.")
        assert seen.index(
            "tiny has changed since it was handed out. Your files are as you left them."
        ) < seen.index("Watching tiny/")
        assert watch.end(signal.SIGINT) == 130


# ---- bad input


def test_without_a_workspace_there_is_nothing_to_watch(
    kata: RunKata, katas: Path, tmp_path: Path
) -> None:
    ran = kata("watch", "--katas", katas, cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.startswith("Error: There is no workspace")


def test_a_misspelt_kata(kata: RunKata, katas: Path, play: Path) -> None:
    ran = kata("watch", "tinny", "--katas", katas, cwd=play)
    assert (ran.code, ran.out) == (2, "")
    assert "Did you mean tiny?" in ran.err


def test_when_all_are_passed_one_must_be_named(kata: RunKata, katas: Path, play: Path) -> None:
    Workspace(play).set_state("tiny", State.PASSED, {})
    ran = kata("watch", "--katas", katas, cwd=play)
    assert ran.code == 2
    assert "Name one: kata watch SLUG" in ran.err


def test_a_second_watch_says_so_and_ends(kata: RunKata, katas: Path, play: Path) -> None:
    with hold_watch_lock(Workspace(play)):
        ran = kata("watch", "--katas", katas, cwd=play)
    assert (ran.code, ran.out) == (2, "")
    assert "already running in" in ran.err
    assert "Traceback" not in ran.err
