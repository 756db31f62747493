"""What `kata run` and `kata profile` say: in words that fit, and safe whatever the app is called or asked."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.catalog.load import LoadRequest
from grader.evidence.server import Crash, Excess, Frame, ServerLife
from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.load.rounds import Round
from grader.render.profile import Sources, dump_lines, profile_lines
from grader.render.running import (
    LINES_PER_S,
    Trickle,
    addresses,
    broken_sentence,
    curl_command,
    end_sentence,
    ending,
    event_line,
    request_line,
    round_line,
)  # fmt: skip
from grader.render.terminal.screen import Screen
from grader.tools.flames import LoopProfile, Place, Share
from grader.tools.foreground import App, AppPlan, Broken, Request
from grader.tools.profiler import ThreadDump
from tests.render.hostile import assert_acts_on_nothing, hostile_text, screen_output


def event_of(
    end: EventEnd, outcome: str = "200", what: str = "GET /prices/7", service: str = "upstream"
) -> ServiceEvent:
    return ServiceEvent(
        id=1, service=service, what=what, outcome=outcome, began_s=1.0, ended_s=1.0415, end=end
    )


# ---- the log
# ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            request_line(Request("GET", "/labels/7", 200, 101.4, 1)),
            "app        200     101 ms  GET /labels/7",
        ),
        (
            request_line(Request("POST", "/labels?a=1", None, 0.2, 1)),
            "app       none       0 ms  POST /labels?a=1",
        ),
        (event_line(event_of(EventEnd.ANSWERED)), "upstream   200      42 ms  GET /prices/7"),
        (
            event_line(event_of(EventEnd.CLIENT_LEFT, "")),
            "upstream  left      42 ms  GET /prices/7",
        ),
        (
            event_line(event_of(EventEnd.CUT, what="GET /prices/7?q=1")),
            "upstream   cut      42 ms  GET /prices/7?q=1",
        ),
        (
            event_line(event_of(EventEnd.ANSWERED, "", "SELECT 1", "database")),
            "database            42 ms  SELECT 1",
        ),
    ],
)
def test_a_line_of_the_log_has_who_status_time_and_path(line: str, words: str) -> None:
    assert line == words


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (
            Round(1, 20, (0.1, 0.2, 2.0)),
            "   1  20 requests  median 200 ms  slowest 2000 ms  no errors  upstream 20 calls",
        ),
        (
            Round(12, 3, (0.1,), {"500": 1}),
            "  12  3 requests  median 100 ms  slowest 100 ms  1 error (1 × 500)  upstream 20 calls",
        ),
        (
            Round(2, 3, (), {"no answer": 1, "500": 2}),
            "   2  3 requests  3 errors (2 × 500, 1 × no answer)  upstream 20 calls",
        ),
    ],
)
def test_a_round_is_one_line(one: Round, words: str) -> None:
    assert round_line(one, {"upstream": "20 calls"}) == words


def test_many_kinds_of_errors_are_told_by_the_most_frequent() -> None:
    errors = {str(500 + i): 10 - i for i in range(8)}
    assert "(10 × 500, 9 × 501, 8 × 502, 7 × 503, …)" in round_line(Round(1, 100, (), errors), {})


def test_a_flood_of_lines_is_counted_and_not_shown() -> None:
    at_s = [10.0]
    trickle = Trickle(lambda: at_s[0])
    assert sum(trickle.lets_through() for _ in range(LINES_PER_S + 7)) == LINES_PER_S
    at_s[0] = 11.0
    assert trickle.lets_through()
    assert trickle.take_left_out() == "… 7 more lines, too many to show"
    assert trickle.take_left_out() == ""


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        (LoadRequest("GET", "/a/{n}"), "curl http://h/a/1"),
        (LoadRequest("GET", "/a?b={n}&c=1", leave_after_s=1.0), "curl -N 'http://h/a?b=1&c=1'"),
        (
            LoadRequest("POST", "/a", {"b": "it's"}),
            """curl -H 'content-type: application/json' -d '{"b": "it'"'"'s"}' http://h/a""",
        ),
        (
            LoadRequest("PUT", "/a", headers={"x-key": "k{n}"}),
            "curl -X PUT -H 'x-key: k1' http://h/a",
        ),
    ],
)
def test_what_to_try_can_be_pasted_into_a_shell(request_: LoadRequest, command: str) -> None:
    assert curl_command(request_, "http://h") == command


def test_addresses_stand_below_one_another() -> None:
    assert addresses({"App": "a", "Upstream": "b"}) == ["  App       a", "  Upstream  b"]


# ---- the end
# ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def app(tmp_path: Path) -> App:
    return App(AppPlan(tmp_path, 1, {}, 1.0), lambda _: None)


async def test_how_a_run_ended_is_said(app: App) -> None:
    assert ending(False, None, None, 3.0) == ["", "Stopped. Nothing is left running."]
    assert ending(True, app, 3, 3.0) == [
        "The app exited before it accepted connections (exit code 3). Its output is above."
    ]
    assert "(killed by signal 9)" in ending(True, app, -9, 3.0)[0]
    app.is_ready.set()
    assert "before" not in ending(True, app, 3, 3.0)[0]
    app.was_killed = True
    assert "did not stop within 3 s" in ending(False, app, None, 3.0)[1]
    app.in_debugger = True
    assert ending(False, app, None, 3.0)[1] == "Stopped. Nothing is left running."
    app.broken = Broken("SyntaxError: invalid syntax", "app.py", 3)
    assert ending(True, app, 1, 3.0) == [
        "app.py:3 cannot be imported: SyntaxError: invalid syntax."
    ]


FRAME = Frame(file="app.py", line=3, function="f", source="x")


@pytest.mark.parametrize(
    ("life", "words"),
    [
        (ServerLife(workers=1, started_s=0.0), "accepted no connections within 5 s"),
        (
            ServerLife(workers=1, started_s=0.0, exited_s=1.0, exit_code=3),
            "exited during startup (exit code 3)",
        ),
        (
            ServerLife(workers=1, started_s=0.0, ready_s=1.0, exited_s=1.0, exit_code=-9),
            "exited under load (killed by signal 9)",
        ),
        (
            ServerLife(
                workers=1,
                started_s=0.0,
                exited_s=1.0,
                crash=Crash(phase="start", type="E", message="m", frames=(FRAME,)),
            ),
            "crashed during startup: app.py:3, E: m",
        ),
        (
            ServerLife(
                workers=1,
                started_s=0.0,
                ready_s=1.0,
                exceeded=Excess(what="cpu_s", limit=1, seen=2),
            ),
            "exceeded its limit on cpu_s",
        ),
    ],
)
def test_why_an_app_is_not_there_is_one_sentence(life: ServerLife, words: str) -> None:
    assert words in end_sentence(life, 5.0)


# ---- the profile
# ------------------------------------------------------------------------------------------------------


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


def test_a_loop_that_is_free_is_said_to_be(sources: Sources) -> None:
    lines = list(profile_lines(LoopProfile(100, 0.95, (), ()), sources))
    assert "So nothing blocks it: whatever is slow here waits for something else." in lines
    assert list(profile_lines(LoopProfile(0, 0.0, (), ()), sources)) == [
        "The event loop was never seen. The app may have exited."
    ]


def test_a_dump_begins_with_the_loop_and_marks_the_learners_lines(sources: Sources) -> None:
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


def test_a_very_deep_stack_and_very_many_threads_are_bounded(sources: Sources) -> None:
    place = Place("f", "/lib/python/x.py", 1)
    lines = list(dump_lines([ThreadDump("t", (place,) * 200)] * 100, sources))
    assert len(lines) < 2000
    assert lines[-1] == "… 80 more threads"


# ---- hostile text
# -----------------------------------------------------------------------------------------------------


@given(
    text=hostile_text,
    status=st.none() | st.integers(),
    ms=st.floats(0, allow_nan=False, allow_infinity=False),
)
@settings(deadline=None)
def test_nothing_that_an_app_says_acts_on_the_terminal(
    text: str, status: int | None, ms: float
) -> None:
    place = Place(text, f"/work/{text}", 1)
    sources = Sources(Path("/work"), [])
    crash = Crash(
        phase="start",
        type=text,
        message=text,
        frames=(Frame(file=text, line=1, function=text, source=text),),
    )
    with screen_output() as written:
        screen = Screen()
        screen.say_whole(
            request_line(Request(text, text, status, ms, 1)),
            event_line(event_of(EventEnd.ANSWERED, text, text, text)),
            broken_sentence(Broken(text, text, 1)),
            end_sentence(ServerLife(workers=1, started_s=0.0, exited_s=1.0, crash=crash), 5.0),
        )
        screen.say(
            *profile_lines(LoopProfile(9, 0.1, (Share(place, 0.5),), (Share(place, 0.5),)), sources)
        )
        screen.say(*dump_lines([ThreadDump(text, (place,) * 3)], sources))
    assert_acts_on_nothing(written.getvalue())
    assert len(written.getvalue()) < 12_000
    assert written.getvalue().count("\n") < 30


def test_a_line_to_be_copied_is_never_broken_by_us() -> None:
    with screen_output(terminal=True) as written:
        Screen().say_whole("x" * 300)
    assert written.getvalue() == "x" * 300 + "\n"
