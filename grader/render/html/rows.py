"""The rows of a timeline, one for everything in an attempt that took time. The chart and the table show them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from grader.evidence.claims import ClockClaim, StatusClaim
from grader.evidence.run import Attempt
from grader.evidence.server import ServerLife, Stall
from grader.evidence.traffic import Connection, Exchange, ExchangeError, ServiceEvent
from grader.judge.attempts import exchanges_by_id
from grader.judge.claims import blamed_exchanges
from grader.render.events import error_word, outcome, service_name
from grader.render.html.axis import Axis


class Tone(StrEnum):
    """The meaning of a row's colour."""

    PLAIN = "plain"
    LATE = "late"
    """Ended after a limit that a check sets."""
    BAD = "bad"


@dataclass(frozen=True)
class Row:
    """One row of a timeline.

    Attributes:
        from_s: start on the axis.
        to_s: end on the axis.
        what: name: "GET /labels/7".
        outcome: how it ended: "200".
        split_s: when the answer started, if known.
        is_open: unfinished when the attempt ended.
        where: the place in the learner's code, if any.
        source: the source line at that place.
        track: number of the track; rows of a lane on the same track do not overlap.
    """

    from_s: float
    to_s: float
    what: str
    outcome: str = ""
    split_s: float | None = None
    is_open: bool = False
    tone: Tone = Tone.PLAIN
    where: str = ""
    source: str = ""
    track: int = 0


def server_rows(life: ServerLife | None, axis: Axis) -> list[Row]:
    """The server's start, and its end if it ended."""
    if life is None:
        return []
    return [_start_row(life, axis), *_end_rows(life, axis)]


def _start_row(life: ServerLife, axis: Axis) -> Row:
    is_ready = life.ready_s is not None
    start_s, end_s, is_open = axis.interval(
        life.started_s, life.ready_s if is_ready else life.exited_s
    )
    return Row(
        start_s,
        end_s,
        "starts",
        "ready" if is_ready else "never ready",
        is_open=is_open,
        tone=Tone.PLAIN if is_ready else Tone.BAD,
    )


def _end_rows(life: ServerLife, axis: Axis) -> Iterable[Row]:
    exit_code = f"exit code {life.exit_code}"
    if life.stop_asked_s is not None:
        start_s, end_s, is_open = axis.interval(life.stop_asked_s, life.exited_s)
        yield Row(
            start_s,
            end_s,
            "shuts down",
            "killed by the grader" if life.killed else exit_code,
            is_open=is_open,
            tone=Tone.BAD if life.killed else Tone.PLAIN,
        )
    elif life.exited_s is not None and life.ready_s is not None:
        end_s = axis.at(life.exited_s)
        yield Row(end_s, end_s, "exits unexpectedly", exit_code, tone=Tone.BAD)


def exchange_rows(attempt: Attempt, axis: Axis) -> list[Row]:
    """A row for each request, from the time at which it was due."""
    wrong, late = _wrong_exchanges(attempt), _late_exchanges(attempt)
    rows = []
    for exchange in attempt.exchanges:
        tone = (
            Tone.BAD if exchange.id in wrong else Tone.LATE if exchange.id in late else Tone.PLAIN
        )
        start_s, end_s, _ = axis.interval(exchange.planned_s, exchange.ended_s)
        rows.append(
            Row(
                start_s,
                end_s,
                f"{exchange.method} {exchange.path}",
                _answer(exchange),
                split_s=axis.between(exchange.first_byte_s, start_s, end_s),
                is_open=exchange.error in (ExchangeError.CUT_OFF, ExchangeError.TIMED_OUT),
                tone=tone,
            )
        )
    return rows


def _answer(exchange: Exchange) -> str:
    status = str(exchange.status) if exchange.status is not None else ""
    why = " when the grader stopped waiting" if exchange.error is ExchangeError.CUT_OFF else ""
    return (
        ", ".join(part for part in (status, f"{error_word(exchange)}{why}") if part) or "no answer"
    )


def _wrong_exchanges(attempt: Attempt) -> set[int]:
    """Requests with a wrong status, or without a complete answer although the visitor stayed."""
    left = (ExchangeError.LEFT, ExchangeError.CUT_OFF)
    wrong = {
        exchange.id
        for exchange in attempt.exchanges
        if exchange.error is not None and exchange.error not in left
    }
    return wrong.union(*_blamed(attempt, StatusClaim))


def _late_exchanges(attempt: Attempt) -> set[int]:
    late = {
        exchange.id for exchange in attempt.exchanges if exchange.error is ExchangeError.CUT_OFF
    }
    return late.union(*_blamed(attempt, ClockClaim))


def _blamed(attempt: Attempt, kind: type[StatusClaim | ClockClaim]) -> list[frozenset[int]]:
    """For each claim of this kind, the exchanges that it blames by the judge's rule."""
    exchanges = exchanges_by_id(attempt)
    return [
        blamed_exchanges(claim, exchanges) for claim in attempt.claims if isinstance(claim, kind)
    ]


def stall_rows(stalls: Iterable[Stall], axis: Axis) -> list[Row]:
    """A row for each time that the event loop was blocked, with the line that blocked it."""
    return [_stall_row(stall, axis) for stall in stalls]


def _stall_row(stall: Stall, axis: Axis) -> Row:
    start_s, end_s, _ = axis.interval(stall.at_s, stall.at_s + stall.duration_s)
    frame = stall.frame
    where = f"{frame.file}:{frame.line} in {frame.function}"
    return Row(
        start_s,
        end_s,
        "The event loop was blocked",
        tone=Tone.BAD,
        where=where,
        source=frame.source,
    )


def event_rows(events: Sequence[ServiceEvent], axis: Axis) -> list[Row]:
    """A row for each event of a service; it names the service if there are several."""
    is_one = len({event.service for event in events}) == 1
    return [
        _event_row(event, axis, "" if is_one else f"{service_name(event.service)}: ")
        for event in events
    ]


def _event_row(event: ServiceEvent, axis: Axis, prefix: str) -> Row:
    start_s, end_s, is_open = axis.interval(event.began_s, event.ended_s)
    split_s = axis.between(event.answered_s, start_s, end_s)
    return Row(
        start_s, end_s, f"{prefix}{event.what}", outcome(event), split_s=split_s, is_open=is_open
    )


def connection_rows(connections: Iterable[Connection], axis: Axis) -> list[Row]:
    """A row for each connection that the app opened to a service."""
    return [_connection_row(connection, axis) for connection in connections]


def _connection_row(connection: Connection, axis: Axis) -> Row:
    start_s, end_s, is_open = axis.interval(connection.opened_s, connection.closed_s)
    ended = "open at the end" if is_open else "closed"
    return Row(start_s, end_s, f"connection to the {connection.service}", ended, is_open=is_open)
