"""The rows of a timeline, made from what was seen."""

from collections.abc import Sequence

import pytest

from grader.evidence.run import Attempt
from grader.evidence.server import ServerLife
from grader.evidence.traffic import Connection, EventEnd, Exchange, ExchangeError, ServiceEvent
from grader.render.html.axis import Axis
from grader.render.html.rows import (
    Row,
    Tone,
    connection_rows,
    event_rows,
    exchange_rows,
    server_rows,
    stall_rows,
)
from tests.judge.records import answered, attempt, exchange
from tests.render.runs import SOURCE, blocking_run, fixed_run

AXIS = Axis(attempt())


def blocking_burst() -> Attempt:
    return blocking_run().checks[1].attempts[0]


def request_rows(made: Attempt) -> list[Row]:
    return exchange_rows(made, Axis(made))


# ---- the server ----


def life_of(
    *,
    ready_s: float | None = 0.1,
    stop_asked_s: float | None = None,
    exited_s: float | None = None,
    exit_code: int | None = None,
    killed: bool = False,
) -> ServerLife:
    return ServerLife(
        workers=1,
        started_s=0.0,
        ready_s=ready_s,
        stop_asked_s=stop_asked_s,
        exited_s=exited_s,
        exit_code=exit_code,
        killed=killed,
    )


@pytest.mark.parametrize(
    ("life", "rows"),
    [
        (life_of(), [("starts", "ready", Tone.PLAIN)]),
        (
            life_of(ready_s=None, exited_s=0.2, exit_code=1),
            [("starts", "never ready", Tone.BAD)],
        ),
        (
            life_of(exited_s=0.2, exit_code=3),
            [("starts", "ready", Tone.PLAIN), ("exits unexpectedly", "exit code 3", Tone.BAD)],
        ),
        (
            life_of(stop_asked_s=0.2, exited_s=0.3, exit_code=0),
            [("starts", "ready", Tone.PLAIN), ("shuts down", "exit code 0", Tone.PLAIN)],
        ),
        (
            life_of(stop_asked_s=0.2, exited_s=2.2, exit_code=-9, killed=True),
            [("starts", "ready", Tone.PLAIN), ("shuts down", "killed by the grader", Tone.BAD)],
        ),
    ],
    ids=["runs", "never ready", "exits", "stops", "is killed"],
)
def test_a_server_has_a_row_for_its_start_and_one_for_its_end(
    life: ServerLife, rows: list[tuple[str, str, Tone]]
) -> None:
    assert [(row.what, row.outcome, row.tone) for row in server_rows(life, AXIS)] == rows


def test_without_a_server_there_is_no_row() -> None:
    assert server_rows(None, AXIS) == []


# ---- requests ----


def test_a_request_that_missed_the_limit_is_late_and_one_that_was_cut_off_has_no_end() -> None:
    rows = request_rows(blocking_burst())
    assert [row.tone for row in rows] == [Tone.PLAIN] * 4 + [Tone.LATE] * 8
    assert [row.is_open for row in rows] == [False] * 5 + [True] * 7
    assert rows[-1].outcome == "unanswered when the grader stopped waiting"


@pytest.mark.parametrize(
    ("one", "tone"),
    [
        (exchange(), Tone.PLAIN),
        (exchange(status=500), Tone.BAD),
        (exchange(status=None, error=ExchangeError.CLOSED), Tone.BAD),
        (exchange(status=None, error=ExchangeError.LEFT), Tone.PLAIN),
    ],
)
def test_a_wrong_answer_is_bad_and_a_visitor_who_left_is_not(one: Exchange, tone: Tone) -> None:
    (row,) = request_rows(answered(one))
    assert row.tone is tone


def test_a_request_without_any_result_got_no_answer() -> None:
    (row,) = request_rows(answered(exchange(status=None)))
    assert row.outcome == "no answer"


def test_a_request_knows_when_its_answer_started() -> None:
    row = request_rows(blocking_run().checks[0].attempts[0])[0]
    assert (row.what, row.outcome) == ("GET /labels/7", "200")
    assert row.split_s == pytest.approx(0.11)


# ---- the event loop, services ----


def test_a_stall_names_the_line_that_blocked_the_loop() -> None:
    burst = blocking_burst()
    row, *_ = stall_rows(burst.stalls, Axis(burst))
    assert (row.where, row.source) == ("app.py:37 in label", SOURCE)
    assert row.tone is Tone.BAD


def event(number: int, service: str, end: EventEnd = EventEnd.ANSWERED) -> ServiceEvent:
    return ServiceEvent(
        id=number,
        service=service,
        what=f"GET /{number}",
        began_s=0.1,
        answered_s=0.2,
        ended_s=None if end is EventEnd.OPEN else 0.3,
        end=end,
    )


@pytest.mark.parametrize(
    ("events", "names"),
    [
        ([event(1, "upstream"), event(2, "upstream")], ["GET /1", "GET /2"]),
        ([event(1, "upstream"), event(2, "database")], ["upstream: GET /1", "database: GET /2"]),
    ],
    ids=["one service", "several services"],
)
def test_an_event_names_its_service_only_if_there_are_several(
    events: Sequence[ServiceEvent], names: list[str]
) -> None:
    assert [row.what for row in event_rows(events, AXIS)] == names


def test_an_event_that_is_unfinished_lasts_until_the_end_of_the_attempt() -> None:
    (row,) = event_rows([event(1, "upstream", EventEnd.OPEN)], AXIS)
    assert (row.from_s, row.split_s, row.to_s, row.is_open) == (0.1, 0.2, 1.0, True)
    assert row.outcome == "unfinished at the end"


def test_a_connection_that_is_still_open_lasts_until_the_end_of_the_attempt() -> None:
    made = fixed_run().checks[2].attempts[0]
    rows = connection_rows(made.connections, Axis(made))
    assert [row.is_open for row in rows] == [False, False, True]
    assert rows[-1].to_s == pytest.approx(0.5)


def test_a_connection_names_its_service() -> None:
    (row,) = connection_rows([Connection(id=1, service="cache", opened_s=0.1, closed_s=0.2)], AXIS)
    assert (row.what, row.outcome) == ("connection to the cache", "closed")
