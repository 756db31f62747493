"""`kata profile` in this process, with programs that answer in py-spy's place."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import ExitCode, KataPackageError, ProfilerRefused, UsageError
from grader.interactive import profile
from grader.interactive.profile import DUMPS, profile_app
from grader.process.sandbox import SandboxMode
from tests.conftest import MANIFEST

APP = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/a/{n}")
async def a(n: int) -> int:
    return n
"""

Frame = dict[str, str | int]
IN_THE_APP: Frame = {"name": "a", "filename": "{folder}/app.py", "line": 9}
WAITING: Frame = {"name": "EpollSelector.select", "filename": "/lib/selectors.py", "line": 468}

PY_SPY = """\
#!{python}
import json, pathlib, sys
import psutil

arguments = sys.argv[1:]
pid = int(arguments[arguments.index("--pid") + 1])
frame = json.dumps({frame}).replace("{{folder}}", psutil.Process(pid).cwd())
with open("{calls}", "a") as calls:
    calls.write(arguments[0] + "\\n")
if arguments[0] == "dump":
    print(json.dumps([{{"thread_name": "MainThread", "thread_id": 1, "frames": [json.loads(frame)]}}]))
else:
    told = json.loads(frame)
    place = "{{name}} ({{filename}}:{{line}})".format(**told)
    names = ["all", "thread (1): MainThread", place]
    boxes = "".join(
        f'<g><title>{{name}} (100 samples, 100.00%)</title>'
        f'<rect x="0" y="{{52 + 16 * depth}}" fg:x="0" fg:w="100"/></g>'
        for depth, name in reversed(list(enumerate(names)))
    )
    pathlib.Path(arguments[arguments.index("--output") + 1]).write_text(f"<svg>{{boxes}}</svg>")
"""

REFUSING = "#!{python}\nimport sys\nsys.exit('Permission Denied: Try running again')\n"


class FakePySpy:
    """A program in py-spy's place.

    Attributes:
        path: of the program.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.path = folder / "py-spy"
        self._calls = folder / "calls"

    def sees(self, frame: Frame) -> None:
        """It finds the event loop at this frame, whenever it looks."""
        self._write(PY_SPY.format(python=sys.executable, frame=frame, calls=self._calls))

    def is_refused(self) -> None:
        """The system does not let it look."""
        self._write(REFUSING.format(python=sys.executable))

    @property
    def calls(self) -> list[str]:
        """Its first argument, for each call."""
        return self._calls.read_text().split() if self._calls.exists() else []

    def _write(self, source: str) -> None:
        self.path.write_text(source)
        self.path.chmod(0o755)


@pytest.fixture
def py_spy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePySpy:
    fake = FakePySpy(tmp_path / "programs")
    monkeypatch.setattr(profile, "find_py_spy", lambda: fake.path)
    return fake


Profile = Callable[..., ExitCode]


@pytest.fixture
def profiled(
    make_kata: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Profile:
    """Profiles a solution in `tmp_path`, 3 requests at once."""
    manifest = MANIFEST.replace("[starter]", '[run]\nload = [{ path = "/a/{n}" }]\n[starter]', 1)
    make_kata("plain")
    katas = make_kata("tiny", manifest=manifest)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def profile_source(
        source: str = APP, slug: str = "tiny", *, out: Path | None = None, dump: bool = False
    ) -> ExitCode:
        (tmp_path / "mine.py").write_text(source)
        solution = tmp_path / "mine.py"
        return profile_app(slug, solution, katas, SandboxMode.OFF, 3, 1, out, dump=dump)

    return profile_source


def test_a_recording_is_shown_and_drawn(
    profiled: Profile, py_spy: FakePySpy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    py_spy.sees(IN_THE_APP)
    assert profiled() is ExitCode.PASSED
    lines = capsys.readouterr().out.splitlines()
    first = lines.index("Your lines, each including what it calls:") + 1
    assert lines[first].split() == ["100", "%", "app.py:9", "in", "a"]
    assert lines[-1] == "Flame graph: profile-tiny.svg (open it in a browser)"
    graph = (tmp_path / "profile-tiny.svg").read_text()
    assert "a (app.py:9)" in graph
    assert py_spy.calls == ["record"]


def test_the_graph_goes_where_it_was_asked_for(
    profiled: Profile, py_spy: FakePySpy, tmp_path: Path
) -> None:
    py_spy.sees(WAITING)
    assert profiled(out=Path("loop.svg")) is ExitCode.PASSED
    assert "<svg" in (tmp_path / "loop.svg").read_text()
    assert not (tmp_path / "profile-tiny.svg").exists()


def test_the_first_dump_with_the_loop_in_own_lines_is_the_last(
    profiled: Profile, py_spy: FakePySpy, capsys: pytest.CaptureFixture[str]
) -> None:
    py_spy.sees(IN_THE_APP)
    assert profiled(dump=True) is ExitCode.PASSED
    assert " > app.py:9 in a\n" in capsys.readouterr().out
    assert py_spy.calls == ["dump"]


@pytest.mark.slow
def test_a_loop_that_only_waits_is_looked_at_several_times(
    profiled: Profile, py_spy: FakePySpy, capsys: pytest.CaptureFixture[str]
) -> None:
    py_spy.sees(WAITING)
    assert profiled(dump=True) is ExitCode.PASSED
    assert py_spy.calls == ["dump"] * DUMPS
    assert "MainThread (event loop" in capsys.readouterr().out


def test_an_app_that_does_not_start_is_not_profiled(
    profiled: Profile, py_spy: FakePySpy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    py_spy.sees(IN_THE_APP)
    assert profiled("import nothing_of_this_name\n") is ExitCode.FAILED
    assert "The app crashed during startup: app.py:1" in capsys.readouterr().out
    assert py_spy.calls == []
    assert not list(tmp_path.glob("*.svg"))


@pytest.mark.parametrize("dump", [True, False])
def test_a_system_that_refuses_is_an_error(
    profiled: Profile, py_spy: FakePySpy, tmp_path: Path, dump: bool
) -> None:
    py_spy.is_refused()
    with pytest.raises(ProfilerRefused, match="does not let a profiler attach to the app"):
        profiled(dump=dump)
    assert not list(tmp_path.glob("*.svg"))


def test_what_cannot_be_written_is_refused_before_the_app_starts(
    profiled: Profile, py_spy: FakePySpy
) -> None:
    py_spy.sees(IN_THE_APP)
    for out in (Path("none/x.svg"), Path()):
        with pytest.raises(UsageError, match="The flame graph cannot be written to"):
            profiled(out=out)
    with pytest.raises(UsageError, match="`--dump` draws no graph"):
        profiled(out=Path("x.svg"), dump=True)
    assert py_spy.calls == []


def test_a_kata_without_a_load_cannot_be_profiled(profiled: Profile) -> None:
    with pytest.raises(KataPackageError, match="The kata plain does not declare a load"):
        profiled(slug="plain")
