"""`kata profile` as a learner types it, with the real py-spy where this machine lets it look."""

import contextlib
import io
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from grader.cli import main
from grader.interactive import profile
from tests.conftest import KATA, MANIFEST, RunKata
from tests.waiting import HANG_S, wait_until

pytestmark = pytest.mark.slow
MakeKata = Callable[..., Path]

APP = """
import time
from fastapi import FastAPI

app = FastAPI()


def deep() -> None:
    time.sleep(0.05)


@app.get("/a/{n}")
async def a(n: int) -> int:
    deep()
    return n
"""


def may_look() -> bool:
    """Whether py-spy may look into a process of this user's here."""
    source = "print(flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", source], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        py_spy = str(KATA.parent / "py-spy")
        seen = subprocess.run(
            [py_spy, "dump", "--pid", str(process.pid)],
            capture_output=True,
            check=False,
            timeout=HANG_S,
        )
        process.kill()
    return seen.returncode == 0


@pytest.fixture(scope="module")
def needs_rights() -> None:
    """Skips where the system lets no profiler look."""
    if not may_look():
        pytest.skip("py-spy may not look into processes here")


@pytest.fixture
def katas(make_kata: MakeKata) -> Path:
    manifest = MANIFEST.replace("[starter]", '[run]\nload = [{ path = "/a/{n}" }]\n[starter]', 1)
    make_kata("plain")
    return make_kata("tiny", manifest=manifest, files={"starter/app.py": APP})


@pytest.mark.usefixtures("needs_rights")
def test_the_line_that_blocks_the_loop_comes_first_and_the_graph_is_drawn(
    kata: RunKata, katas: Path, tmp_path: Path
) -> None:
    ran = kata(
        "profile",
        "tiny",
        "--katas",
        katas,
        "--solution",
        katas / "tiny" / "starter",
        "--seconds",
        "1",
    )
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    first = lines.index("Your lines, each including what it calls:") + 1
    assert lines[first].endswith("%  app.py:9 in deep")
    assert int(lines[first].split()[0]) > 50
    assert lines[first + 1].strip() == "time.sleep(0.05)"
    assert "Flame graph: profile-tiny.svg (open it in a browser)" in lines
    graph = (tmp_path / "profile-tiny.svg").read_text()
    assert "deep (app.py:9)" in graph
    assert str(tmp_path) not in graph.replace("profile-tiny.svg", "")


@pytest.mark.usefixtures("needs_rights")
def test_a_dump_shows_where_all_threads_are(kata: RunKata, katas: Path, tmp_path: Path) -> None:
    ran = kata(
        "profile", "tiny", "--katas", katas, "--solution", katas / "tiny" / "starter", "--dump"
    )
    assert (ran.code, ran.err) == (0, "")
    assert "MainThread (event loop, busy)" in ran.out
    assert " > app.py:9 in deep\n     time.sleep(0.05)\n > app.py:14 in a\n" in ran.out
    assert "kata-watchdog" not in ran.out
    assert not list(tmp_path.glob("*.svg"))


@pytest.mark.usefixtures("needs_rights")
def test_ctrl_c_ends_it_and_leaves_nothing(katas: Path, tmp_path: Path) -> None:
    command = [
        str(KATA),
        "profile",
        "tiny",
        "--katas",
        str(katas),
        "--solution",
        str(katas / "tiny" / "starter"),
        "--seconds",
        "60",
    ]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        started: list[psutil.Process] = []

        def look() -> bool:
            assert process.poll() is None, process.communicate()
            with contextlib.suppress(psutil.Error):  # one that ended while it was looked at
                started[:] = [
                    one
                    for one in psutil.Process(process.pid).children(recursive=True)
                    if one.name() == "py-spy"
                ]
            return bool(started)

        wait_until(look)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=HANG_S)
    assert process.returncode == 130
    assert "Interrupted" in err
    assert not started[0].is_running()
    assert not (tmp_path / "profile-tiny.svg").exists()


def test_an_app_that_does_not_start_is_one_sentence(
    kata: RunKata, katas: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("import nothing_of_this_name\n")
    ran = kata("profile", "tiny", "--katas", katas, "--solution", "mine.py", "--seconds", "1")
    assert ran.code == 1
    assert (
        "The app crashed during startup: app.py:1, ModuleNotFoundError: No module named"
        in " ".join(ran.out.split())
    )
    assert not list(tmp_path.glob("*.svg"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["tiny"], 2, "There is no workspace"),
        (["plain", "--solution", "x"], 4, "The kata plain does not declare a load."),
        (["tiny", "--solution", "x", "--dump", "--out", "x.svg"], 2, "`--dump` draws no graph"),
        (
            ["tiny", "--solution", "x", "--out", "none/x.svg"],
            2,
            "The flame graph cannot be written to none/x.svg.",
        ),
        (["tiny", "--solution", "none.py"], 2, "There is no solution at none.py"),
    ],
)
def test_what_cannot_be_profiled_is_one_sentence(
    kata: RunKata, katas: Path, arguments: list[str], code: int, message: str
) -> None:
    ran = kata("profile", *arguments, "--katas", katas)
    assert (ran.code, ran.err.startswith("Error: "), "Traceback" in ran.err) == (code, True, False)
    assert message in " ".join(ran.err.split())


@pytest.fixture
def refusing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Meanwhile py-spy is one that the system refuses."""
    path = tmp_path / "py-spy"
    path.write_text(
        f"#!{sys.executable}\nimport sys\nsys.exit('Permission Denied: Try running again')\n"
    )
    path.chmod(0o755)
    monkeypatch.setattr(profile, "find_py_spy", lambda: path)


@pytest.mark.parametrize("option", ["--dump", "--seconds=1"])
@pytest.mark.usefixtures("refusing")
def test_a_system_that_refuses_is_one_sentence_and_what_to_do(
    option: str, katas: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    solution = str(katas / "tiny" / "starter")
    monkeypatch.setattr(
        sys,
        "argv",
        ["kata", "profile", "tiny", "--katas", str(katas), "--solution", solution, option],
    )
    with (
        contextlib.redirect_stderr(io.StringIO()) as err,
        contextlib.redirect_stdout(io.StringIO()),
        pytest.raises(SystemExit) as end,
    ):
        main.run()
    assert end.value.code == 4
    assert "Error: This system does not let a profiler attach to the app." in err.getvalue()


def test_it_has_help(kata: RunKata) -> None:
    ran = kata("profile", "--help")
    assert ran.code == 0
    assert "--dump" in ran.out
