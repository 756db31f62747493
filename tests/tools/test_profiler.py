"""py-spy as the profiler: what becomes of its answers, by programs that answer as it does."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.errors import HarnessError, ProfilerRefused
from grader.tools import profiler
from grader.tools.flames import LOOP_THREAD, Place
from grader.tools.profiler import (
    ThreadDump,
    advice,
    dump,
    find_py_spy,
    is_loop_in,
    most_informative,
    record,
)

FakePySpy = Callable[[str], Path]


@pytest.fixture
def fake(tmp_path: Path) -> FakePySpy:
    """A program that does this in py-spy's place; `sys.argv` has its arguments."""

    def make(source: str) -> Path:
        path = tmp_path / "py-spy"
        path.write_text(f"#!{sys.executable}\nimport sys\n{source}\n")
        path.chmod(0o755)
        return path

    return make


FRAME = {"name": "read", "filename": "/work/app.py", "line": 3}
SELECT = {"name": "EpollSelector.select", "filename": "/lib/selectors.py", "line": 468}


async def test_a_dump_has_all_threads(fake: FakePySpy) -> None:
    threads = [
        {"thread_name": "MainThread", "thread_id": 1, "frames": [SELECT]},
        {"thread_name": None, "thread_id": 2, "frames": [FRAME]},
        {"thread_name": "empty", "thread_id": 3, "frames": []},
    ]
    loop, other, empty = await dump(fake(f"print({json.dumps(threads)!r})"), 1)
    assert (loop.is_loop, loop.is_waiting) == (True, True)
    assert (other.name, other.is_loop, other.is_waiting, other.places[0].line) == (
        "thread 2",
        False,
        False,
        3,
    )
    assert not empty.is_waiting


async def test_a_recording_is_the_graph_that_was_written(fake: FakePySpy, tmp_path: Path) -> None:
    py_spy = fake(
        "open(sys.argv[sys.argv.index('--output') + 1], 'w').write(' '.join(sys.argv[1:]))"
    )
    text = await record(py_spy, 17, 3, tmp_path / "g.svg")
    assert text.startswith("record --pid 17 --duration 3 ")
    assert {"--idle", "--threads"} <= set(text.split())


@pytest.mark.parametrize(
    "said",
    [
        "Permission Denied: Try running again with elevated permissions",
        "Error: Failed to suspend process\n\nCaused by:\n    Operation not permitted (os error 1)",
    ],
)
async def test_a_system_that_refuses_is_told_with_a_way_out(fake: FakePySpy, said: str) -> None:
    with pytest.raises(ProfilerRefused) as caught:
        await dump(fake(f"sys.exit({said!r})"), 1)
    assert caught.value.message == "This system does not let a profiler attach to the app."
    assert caught.value.hint


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "sys.exit('Error: No such process')",
            "py-spy could not profile the app: No such process",
        ),
        ("sys.exit(1)", "no message"),
        ("print('nonsense')", "The output of py-spy cannot be read."),
        ("print('[{}]')", "The output of py-spy cannot be read."),
    ],
)
async def test_a_profiler_that_fails_is_told(fake: FakePySpy, source: str, message: str) -> None:
    with pytest.raises(HarnessError) as caught:
        await dump(fake(source), 1)
    assert message in caught.value.message


async def test_a_graph_that_was_not_written_is_told(fake: FakePySpy, tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="wrote no graph"):
        await record(fake(""), 1, 1, tmp_path / "none.svg")


async def test_a_program_that_cannot_be_run_is_told(tmp_path: Path) -> None:
    (tmp_path / "py-spy").write_text("")
    with pytest.raises(ProfilerRefused, match="cannot be run"):
        await dump(tmp_path / "py-spy", 1)


async def test_a_profiler_that_does_not_end_is_given_up(
    fake: FakePySpy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profiler, "MARGIN_S", 0.2)
    with pytest.raises(HarnessError, match="did not finish within"):
        await dump(fake("import time; time.sleep(60)"), 1)


def test_without_py_spy_it_is_said_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProfilerRefused) as caught:
        find_py_spy()
    assert caught.value.hint == "Install it: pip install py-spy"


@pytest.mark.parametrize(
    ("system", "scope", "is_container", "words"),
    [
        ("darwin", 0, False, "sudo"),
        ("linux", 3, True, "restarts"),
        ("linux", 2, True, "kernel.yama.ptrace_scope=1"),
        ("linux", 1, True, "--cap-add=SYS_PTRACE"),
        ("linux", 1, False, "--sandbox off"),
    ],
)
def test_the_way_out_is_that_of_the_machine(
    system: str, scope: int, is_container: bool, words: str
) -> None:
    assert words in advice(system, scope, is_container=is_container)


def test_what_runs_in_no_loop_waits_for_nothing() -> None:
    assert not ThreadDump("x", ()).is_waiting


def own(file: str) -> bool:
    return file == "app.py"


def test_the_dump_with_the_loop_in_the_learners_lines_tells_most() -> None:
    waiting = [ThreadDump(LOOP_THREAD, (Place("select", "selectors.py", 468),))]
    beside = [ThreadDump(LOOP_THREAD, (Place("app", "fastapi/routing.py", 2924),))]
    inside = [ThreadDump(LOOP_THREAD, (Place("sleep", "time.py", 1), Place("read", "app.py", 9)))]
    elsewhere = [ThreadDump("worker", (Place("read", "app.py", 9),)), *waiting]
    assert [is_loop_in(threads, own) for threads in (waiting, beside, inside, elsewhere)] == [
        False,
        False,
        True,
        False,
    ]
    assert most_informative([waiting, beside, inside, waiting], own) is inside
    assert most_informative([waiting, beside, elsewhere], own) is beside
    assert most_informative([waiting, elsewhere], own) is elsewhere
