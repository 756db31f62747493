"""The text of `kata profile`."""

from pathlib import Path

import pytest
from hypothesis import given, settings

from grader.render.profile import Sources, dump_lines, profile_lines
from grader.render.terminal.screen import Screen
from grader.tools.flames import LoopProfile, Place, Share
from grader.tools.profiler import ThreadDump
from tests.render.hostile import assert_acts_on_nothing, hostile_text, screen_output


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "app.py").write_text("one\n    time.sleep(1)\n")
    return Sources(tmp_path, [Path("/lib/python"), Path("/lib/python/site-packages")])


def test_the_learners_lines_come_first_with_their_source(sources: Sources) -> None:
    mine = Share(Place("handler", str(sources.folder / "app.py"), 2), 0.7)
    inner = Share(Place("read", "/lib/python/site-packages/x/y.py", 9), 0.6)
    small = Share(Place("tiny", "/lib/python/os.py", 1), 0.004)
    assert list(profile_lines(LoopProfile(100, 0.2, (mine,), (inner, small)), sources)) == [
        "The event loop was busy for 80 % of the time and idle for 20 %.",
        "",
        "Your lines, each including what it calls:",
        "   70 %  app.py:2 in handler",
        "         time.sleep(1)",
        "   10 %  outside your code: FastAPI, the server, other libraries",
        "",
        "Innermost calls:",
        "   60 %  x/y.py:9 in read",
    ]


def test_an_idle_loop_is_not_to_blame(sources: Sources) -> None:
    lines = list(profile_lines(LoopProfile(100, 0.95, (), ()), sources))
    assert "Nothing blocks it: slow requests are waiting for something else." in lines
    assert list(profile_lines(LoopProfile(0, 0.0, (), ()), sources)) == [
        "No sample has the event loop. The app may have exited."
    ]


def test_a_dump_starts_with_the_event_loop_and_marks_the_learners_lines(sources: Sources) -> None:
    select = Place("EpollSelector.select", "/lib/python/selectors.py", 4)
    own = Place("work", str(sources.folder / "app.py"), 2)
    graders = ThreadDump(
        "kata-watchdog", (Place("_look", "/run/grader/grader/child/stalls.py", 3),)
    )
    threads = [ThreadDump("worker", (own,)), graders, ThreadDump("MainThread", (select,))]
    assert list(dump_lines(threads, sources)) == [
        "", "MainThread (event loop, idle)", "   selectors.py:4 in EpollSelector.select",
        "", "worker", " > app.py:2 in work", "     time.sleep(1)",
    ]  # fmt: skip


def test_a_name_that_leads_out_of_the_folder_is_not_the_learners(sources: Sources) -> None:
    assert not sources.is_own(f"{sources.folder}/../secrets.txt")
    assert sources.is_own(f"{sources.folder}/deep/x.py")
    assert not sources.is_own("<string>")


def test_deep_stacks_and_many_threads_are_cut_off(sources: Sources) -> None:
    place = Place("f", "/lib/python/x.py", 1)
    lines = list(dump_lines([ThreadDump("t", (place,) * 200)] * 100, sources))
    assert len(lines) < 2000
    assert lines[-1] == "… 80 more threads"


@pytest.mark.parametrize(
    ("innermost", "heading"),
    [
        (Place("EpollSelector.select", "/lib/python/selectors.py", 4), "(event loop, idle)"),
        (Place("read", "/lib/python/socket.py", 9), "(event loop, busy)"),
    ],
)
def test_the_event_loop_is_idle_or_busy(innermost: Place, heading: str, sources: Sources) -> None:
    _, first, *_ = dump_lines([ThreadDump("MainThread", (innermost,))], sources)
    assert first == f"MainThread {heading}"


def test_files_have_short_names(sources: Sources) -> None:
    assert sources.name(f"{sources.folder}/deep/x.py") == "deep/x.py"
    assert sources.name("/lib/python/site-packages/httpx/_client.py") == "httpx/_client.py"
    assert sources.name("/lib/python/asyncio/base_events.py") == "asyncio/base_events.py"


def test_a_line_that_cannot_be_read_is_empty(sources: Sources) -> None:
    assert sources.line(Place("f", str(sources.folder / "app.py"), 99)) == ""
    assert sources.line(Place("f", str(sources.folder / "none.py"), 1)) == ""
    assert sources.line(Place("f", "\0", 1)) == ""


@given(text=hostile_text)
@settings(deadline=None)
def test_no_name_in_an_app_acts_on_the_terminal(text: str) -> None:
    place = Place(text, f"/work/{text}", 1)
    sources = Sources(Path("/work"), [])
    profile = LoopProfile(9, 0.1, (Share(place, 0.5),), (Share(place, 0.5),))
    with screen_output() as written:
        Screen().say(*profile_lines(profile, sources))
        Screen().say(*dump_lines([ThreadDump(text, (place,) * 3)], sources))
    assert_acts_on_nothing(written.getvalue())
    assert written.getvalue().count("\n") < 30


def test_lines_are_counted_as_python_counts_them(sources: Sources) -> None:
    app = sources.folder / "app.py"
    app.write_text("one  # \x0c\x85\u2028\n    time.sleep(1)\n")
    assert sources.line(Place("handler", str(app), 2)) == "time.sleep(1)"
