"""The text of `kata run`."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.catalog.load import LoadRequest
from grader.evidence.server import Crash, Excess, Frame, ServerLife
from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.load.rounds import Round
from grader.render.running import (
    LINES_PER_S,
    Throttle,
    addresses,
    broken_sentence,
    curl_command,
    end_sentence,
    ending,
    event_line,
    request_line,
    round_line,
)
from grader.render.terminal.screen import Screen
from grader.tools.foreground import App, AppPlan, Broken, Request
from tests.render.hostile import assert_acts_on_nothing, hostile_text, screen_output


def event_of(
    end: EventEnd, outcome: str = "200", what: str = "GET /prices/7", service: str = "upstream"
) -> ServiceEvent:
    return ServiceEvent(
        id=1, service=service, what=what, outcome=outcome, began_s=1.0, ended_s=1.0415, end=end
    )


# ---- the log ----


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
def test_a_line_of_the_log_has_source_status_time_and_path(line: str, words: str) -> None:
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


def test_of_many_kinds_of_errors_the_most_frequent_are_named() -> None:
    errors = {str(500 + i): 10 - i for i in range(8)}
    assert "(10 × 500, 9 × 501, 8 × 502, 7 × 503, …)" in round_line(Round(1, 100, (), errors), {})


def test_a_flood_of_lines_is_counted_but_not_shown() -> None:
    at_s = [10.0]
    throttle = Throttle(lambda: at_s[0])
    assert sum(throttle.admits() for _ in range(LINES_PER_S + 7)) == LINES_PER_S
    at_s[0] = 11.0
    assert throttle.admits()
    assert throttle.take_left_out() == "… 7 more lines, too many to show"
    assert throttle.take_left_out() == ""


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
def test_a_curl_command_can_be_pasted_into_a_shell(request_: LoadRequest, command: str) -> None:
    assert curl_command(request_, "http://h") == command


def test_addresses_are_aligned() -> None:
    assert addresses({"App": "a", "Upstream": "b"}) == ["  App       a", "  Upstream  b"]


# ---- the end ----


@pytest.fixture
async def app(tmp_path: Path) -> App:
    return App(AppPlan(tmp_path, 1, {}, 1.0), lambda _: None)


async def test_the_last_lines_say_how_the_run_ended(app: App) -> None:
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
def test_an_app_that_is_not_running_has_a_sentence_about_why(life: ServerLife, words: str) -> None:
    assert words in end_sentence(life, 5.0)


# ---- hostile text ----


@given(
    text=hostile_text,
    status=st.none() | st.integers(),
    ms=st.floats(0, allow_nan=False, allow_infinity=False),
)
@settings(deadline=None)
def test_nothing_that_an_app_sends_acts_on_the_terminal(
    text: str, status: int | None, ms: float
) -> None:
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
    assert_acts_on_nothing(written.getvalue())
    assert len(written.getvalue()) < 12_000
    assert written.getvalue().count("\n") < 30
