"""One attempt on one time axis: the rows that the chart draws and that the table behind it tells. Pure.

Zero is the moment at which the first request was meant to be sent, so that a limit of 0.5 s is missed at 0.5 s; an
attempt without requests begins at zero.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite, isnan

from grader.evidence.claims import ClockClaim, Relation, StatusClaim
from grader.evidence.run import Attempt
from grader.evidence.server import ServerLife, Stall
from grader.evidence.traffic import Connection, Exchange, ExchangeError, ServiceEvent
from grader.judge.attempts import exchanges_by_id
from grader.judge.claims import blamed_exchanges
from grader.render.events import name_of_all, outcome, service_name
from grader.render.wording import ERROR_WORDS

FARTHEST_S = 86_400.0
"""No grading takes a day; what a damaged run puts farther away is drawn here."""

MARGIN_SHARE = 0.02
"""So much of the axis is left free at both ends."""

SHORTEST_S = 0.001
LIMITS_SHOWN = 8


class Lane(StrEnum):
    """What a row is about; the chart draws the lanes one below another in this order."""

    SERVER = "server"
    REQUESTS = "requests"
    STALLS = "stalls"
    EVENTS = "events"
    CONNECTIONS = "connections"


LANE_NAMES = {
    Lane.SERVER: "Server",
    Lane.REQUESTS: "Requests",
    Lane.STALLS: "Event loop stood still",
    Lane.CONNECTIONS: "Connections of the app",
}


class Tone(StrEnum):
    """How a row is to be taken."""

    PLAIN = "plain"
    LATE = "late"
    """It ended after a limit that a check sets."""
    BAD = "bad"


@dataclass(frozen=True)
class Row:
    """Something that took time.

    Attributes:
        from_s: with `to_s`: when, in seconds from the first request.
        split_s: when the answer began, if it is known.
        is_open: it was not over when the attempt ended.
        what: what it was: "GET /labels/7".
        outcome: what became of it: "200".
        where: the place in the learner's code, if there is one.
        source: the line that stands there.
        track: rows of one lane with the same track do not overlap.
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


@dataclass(frozen=True)
class LaneRows:
    """The rows of one lane in the order of their beginnings, under a name; `total` tells how many there are, when not
    all are shown.
    """

    lane: Lane
    name: str
    rows: tuple[Row, ...]
    total: int

    @property
    def tracks(self) -> int:
        """How many lines are needed to draw them."""
        return max((row.track for row in self.rows), default=-1) + 1


@dataclass(frozen=True)
class Limit:
    """A moment by which requests had to be answered."""

    at_s: float
    limit_s: float
    what: str


@dataclass(frozen=True)
class Timeline:
    """An attempt as a chart shows it, from `begins_s` to `ends_s`."""

    begins_s: float
    ends_s: float
    lanes: tuple[LaneRows, ...]
    limits: tuple[Limit, ...]

    @property
    def rows(self) -> int:
        """How many rows there are in all lanes."""
        return sum(len(lane.rows) for lane in self.lanes)


def timeline(attempt: Attempt, most: int = 200) -> Timeline:
    """Put an attempt on a time axis.

    Args:
        attempt: from a run.
        most: so many rows a lane; more are thinned out evenly, stalls to the longest.
    """
    axis = _Axis(attempt)
    limits = _limits(attempt, axis)
    exchanges = _exchange_rows(attempt, axis)
    lanes = (
        _lane(Lane.SERVER, _server_rows(attempt.life, axis), most),
        _lane(Lane.REQUESTS, exchanges, most),
        _lane(
            Lane.STALLS,
            [_stall_row(stall, axis) for stall in _longest(attempt.stalls, most)],
            most,
            len(attempt.stalls),
        ),
        _lane(
            Lane.EVENTS, _event_rows(attempt.events, axis), most, name=name_of_all(attempt.events)
        ),
        _lane(
            Lane.CONNECTIONS,
            [_connection_row(connection, axis) for connection in attempt.connections],
            most,
        ),
    )
    present = tuple(lane for lane in lanes if lane.rows)
    begins_s, ends_s = _extent(present, axis)
    return Timeline(begins_s, ends_s, present, limits)


class _Axis:
    """Turns times of the run into times of the axis."""

    def __init__(self, attempt: Attempt) -> None:
        planned = [exchange.planned_s for exchange in attempt.exchanges]
        self._zero_s = min(filter(isfinite, planned or [attempt.started_s]), default=0.0)
        self.begins_s = self.at(attempt.started_s)
        self.ends_s = max(self.at(attempt.ended_s), self.begins_s)

    def at(self, time_s: float) -> float:
        since_s = time_s - self._zero_s
        return 0.0 if isnan(since_s) else min(max(since_s, -FARTHEST_S), FARTHEST_S)

    def stretch(self, from_s: float, to_s: float | None) -> tuple[float, float, bool]:
        """Both ends, never the wrong way round, and whether it was open at the end."""
        begun = self.at(from_s)
        return begun, max(begun, self.ends_s if to_s is None else self.at(to_s)), to_s is None


def _extent(lanes: Sequence[LaneRows], axis: _Axis) -> tuple[float, float]:
    """From the first thing that the app did for somebody: the wait for its start would only push the rest together."""
    rows = [row for lane in lanes if lane.lane is not Lane.SERVER for row in lane.rows]
    begins_s = min((row.from_s for row in rows), default=axis.begins_s)
    ends_s = max((row.to_s for lane in lanes for row in lane.rows), default=axis.ends_s)
    ends_s = max(ends_s, axis.ends_s, begins_s + SHORTEST_S)
    margin_s = MARGIN_SHARE * (ends_s - begins_s)
    return begins_s - margin_s, ends_s + margin_s


def _lane(
    lane: Lane, rows: Sequence[Row], most: int, total: int | None = None, name: str = ""
) -> LaneRows:
    ordered = sorted(rows, key=lambda row: (row.from_s, row.to_s))
    step = max(1.0, len(ordered) / max(1, most))
    kept = [ordered[int(i * step)] for i in range(min(len(ordered), most))]
    return LaneRows(
        lane,
        name or LANE_NAMES[lane],
        tuple(_on_tracks(kept)),
        len(rows) if total is None else total,
    )


def _on_tracks(rows: Iterable[Row]) -> Iterable[Row]:
    """Each row on the first track that is free when it begins."""
    ends_s: list[float] = []
    for row in rows:
        track = next((i for i, end_s in enumerate(ends_s) if end_s <= row.from_s), len(ends_s))
        ends_s[track : track + 1] = [max(row.to_s, row.from_s + SHORTEST_S)]
        yield replace(row, track=track)


def _longest(stalls: Sequence[Stall], most: int) -> Sequence[Stall]:
    return sorted(stalls, key=lambda stall: -stall.duration_s)[:most]


def _server_rows(life: ServerLife | None, axis: _Axis) -> list[Row]:
    if life is None:
        return []
    begun, ready, is_open = axis.stretch(
        life.started_s, life.ready_s if life.ready_s is not None else life.exited_s
    )
    started = life.ready_s is not None
    rows = [
        Row(
            begun,
            ready,
            "starts",
            "ready" if started else "never ready",
            is_open=is_open,
            tone=Tone.PLAIN if started else Tone.BAD,
        )
    ]
    if life.stop_asked_s is not None:
        begun, gone, is_open = axis.stretch(life.stop_asked_s, life.exited_s)
        outcome = "killed by the grader" if life.killed else f"exit code {life.exit_code}"
        rows.append(
            Row(
                begun,
                gone,
                "is asked to stop",
                outcome,
                is_open=is_open,
                tone=Tone.BAD if life.killed else Tone.PLAIN,
            )
        )
    elif life.exited_s is not None and started:
        gone = axis.at(life.exited_s)
        rows.append(
            Row(gone, gone, "ended by itself", f"exit code {life.exit_code}", tone=Tone.BAD)
        )
    return rows


def _exchange_rows(attempt: Attempt, axis: _Axis) -> list[Row]:
    wrong, late = _wrong_exchanges(attempt), _late_exchanges(attempt)
    rows = []
    for exchange in attempt.exchanges:
        tone = (
            Tone.BAD if exchange.id in wrong else Tone.LATE if exchange.id in late else Tone.PLAIN
        )
        begun, ended, _ = axis.stretch(exchange.planned_s, exchange.ended_s)
        cut = exchange.error in (ExchangeError.CUT_OFF, ExchangeError.TIMED_OUT)
        rows.append(
            Row(
                begun,
                ended,
                f"{exchange.method} {exchange.path}",
                _outcome(exchange),
                split_s=_split(exchange.first_byte_s, begun, ended, axis),
                is_open=cut,
                tone=tone,
            )
        )
    return rows


def error_word(exchange: Exchange) -> str:
    """Why a request got no whole answer, in short; empty when it got one."""
    if exchange.error is ExchangeError.CUT_OFF:
        return "unanswered"
    return ERROR_WORDS[exchange.error] if exchange.error is not None else ""


def _outcome(exchange: Exchange) -> str:
    status = str(exchange.status) if exchange.status is not None else ""
    why = " when the grader had seen enough" if exchange.error is ExchangeError.CUT_OFF else ""
    return (
        ", ".join(part for part in (status, f"{error_word(exchange)}{why}") if part) or "no answer"
    )


def _split(moment_s: float | None, begun: float, ended: float, axis: _Axis) -> float | None:
    return None if moment_s is None else min(max(axis.at(moment_s), begun), ended)


def _wrong_exchanges(attempt: Attempt) -> set[int]:
    """Those that a check says must have another status, or that got no whole answer though the visitor stayed."""
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
    """What each claim of a kind blames, by the judge's rule."""
    exchanges = exchanges_by_id(attempt)
    return [
        blamed_exchanges(claim, exchanges) for claim in attempt.claims if isinstance(claim, kind)
    ]


def _limits(attempt: Attempt, axis: _Axis) -> tuple[Limit, ...]:
    limits = {
        Limit(axis.at(begun_s + claim.limit_s), claim.limit_s, claim.what): None
        for claim, begun_s in _clocks(attempt)
    }
    return tuple(limits)[:LIMITS_SHOWN]


def _clocks(attempt: Attempt) -> Iterable[tuple[ClockClaim, float]]:
    """Each upper limit of time, and when its time began."""
    planned = {exchange.id: exchange.planned_s for exchange in attempt.exchanges}
    for claim in attempt.claims:
        if isinstance(claim, ClockClaim) and claim.relation is Relation.AT_MOST:
            begun = [planned[number] for number in claim.exchanges if number in planned]
            if begun:
                yield claim, min(begun)


def _stall_row(stall: Stall, axis: _Axis) -> Row:
    begun, ended, _ = axis.stretch(stall.at_s, stall.at_s + stall.duration_s)
    frame = stall.frame
    where = f"{frame.file}:{frame.line} in {frame.function}"
    return Row(
        begun, ended, "The event loop stood still", tone=Tone.BAD, where=where, source=frame.source
    )


def _event_rows(events: Sequence[ServiceEvent], axis: _Axis) -> list[Row]:
    """Each names its service, unless there is only one."""
    is_one = len({event.service for event in events}) == 1
    return [
        _event_row(event, axis, "" if is_one else f"{service_name(event.service)}: ")
        for event in events
    ]


def _event_row(event: ServiceEvent, axis: _Axis, prefix: str) -> Row:
    begun, ended, is_open = axis.stretch(event.began_s, event.ended_s)
    split_s = _split(event.answered_s, begun, ended, axis)
    return Row(
        begun, ended, f"{prefix}{event.what}", outcome(event), split_s=split_s, is_open=is_open
    )


def _connection_row(connection: Connection, axis: _Axis) -> Row:
    begun, ended, is_open = axis.stretch(connection.opened_s, connection.closed_s)
    outcome = "open at the end" if is_open else "closed"
    return Row(begun, ended, f"connection to the {connection.service}", outcome, is_open=is_open)
