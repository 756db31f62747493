"""The timeline of one attempt: lanes of rows, for the page's chart and the table under it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from grader.evidence.run import Attempt
from grader.evidence.server import Stall
from grader.render.events import name_of_all
from grader.render.html.axis import Axis
from grader.render.html.limits import Limit, limits
from grader.render.html.rows import (
    Row,
    connection_rows,
    event_rows,
    exchange_rows,
    server_rows,
    stall_rows,
)

MARGIN_SHARE = 0.02
"""The share of the axis left empty at each end."""

SHORTEST_S = 0.001


class Lane(StrEnum):
    """The lanes of the chart, from top to bottom."""

    SERVER = "server"
    REQUESTS = "requests"
    STALLS = "stalls"
    EVENTS = "events"
    CONNECTIONS = "connections"


LANE_NAMES = {
    Lane.SERVER: "Server",
    Lane.REQUESTS: "Requests",
    Lane.STALLS: "Event loop blocked",
    Lane.CONNECTIONS: "Connections opened by the app",
}


@dataclass(frozen=True)
class LaneRows:
    """The rows of one lane.

    Attributes:
        name: the lane's heading.
        rows: ordered by their start.
        total: number of rows before the lane was thinned out.
    """

    lane: Lane
    name: str
    rows: tuple[Row, ...]
    total: int

    @property
    def tracks(self) -> int:
        """The number of tracks of the lane."""
        return max((row.track for row in self.rows), default=-1) + 1


@dataclass(frozen=True)
class Timeline:
    """The chart of an attempt, from `begins_s` to `ends_s`; lanes without rows are left out."""

    begins_s: float
    ends_s: float
    lanes: tuple[LaneRows, ...]
    limits: tuple[Limit, ...]

    @property
    def rows(self) -> int:
        """The number of rows in all lanes."""
        return sum(len(lane.rows) for lane in self.lanes)


def timeline(attempt: Attempt, most: int = 200) -> Timeline:
    """The timeline of an attempt.

    Args:
        attempt: from a run.
        most: maximum number of rows per lane. Longer lanes are thinned out evenly, but the longest stalls are kept.
    """
    axis = Axis(attempt)
    lanes = (
        _lane(Lane.SERVER, server_rows(attempt.life, axis), most),
        _lane(Lane.REQUESTS, exchange_rows(attempt, axis), most),
        _lane(
            Lane.STALLS,
            stall_rows(_longest(attempt.stalls, most), axis),
            most,
            len(attempt.stalls),
        ),
        _lane(
            Lane.EVENTS, event_rows(attempt.events, axis), most, name=name_of_all(attempt.events)
        ),
        _lane(Lane.CONNECTIONS, connection_rows(attempt.connections, axis), most),
    )
    present = tuple(lane for lane in lanes if lane.rows)
    begins_s, ends_s = _extent(present, axis)
    return Timeline(begins_s, ends_s, present, limits(attempt, axis))


def _extent(lanes: Sequence[LaneRows], axis: Axis) -> tuple[float, float]:
    """The ends of the chart. The server's start is outside, because it takes far longer than everything after it."""
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
    """Put each row on the first track that is free at its start."""
    ends_s: list[float] = []
    for row in rows:
        track = next((i for i, end_s in enumerate(ends_s) if end_s <= row.from_s), len(ends_s))
        ends_s[track : track + 1] = [max(row.to_s, row.from_s + SHORTEST_S)]
        yield replace(row, track=track)


def _longest(stalls: Sequence[Stall], most: int) -> Sequence[Stall]:
    return sorted(stalls, key=lambda stall: -stall.duration_s)[:most]
