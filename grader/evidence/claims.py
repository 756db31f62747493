"""The claims that a check makes about the recorded evidence. `Claim` is a tagged union."""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.machine import Watch


class StatusClaim(Struct, frozen=True, kw_only=True, tag="status"):
    """These exchanges have complete answers, each with one of these statuses.

    Attributes:
        exchanges: their ids.
        allowed: the right statuses.
        late: statuses with which a right solution reports that a deadline it enforces itself has passed; a busy machine
            can cause them.
        not_before_s: a late status that comes earlier is wrong however busy the machine is.
    """

    exchanges: tuple[int, ...]
    allowed: tuple[int, ...]
    watch: Watch
    late: tuple[int, ...] = ()
    not_before_s: float = 0.0


class ValueClaim(Struct, frozen=True, kw_only=True, tag="value"):
    """An observed value equals the expected one, which only the grader knows. Both are canonical JSON of bounded
    length.

    Attributes:
        what: names the value in messages: "the body".
        exchange: id of the exchange whose answer has the value, if there is one.
        late: the value that a right solution gives once a deadline that it enforces itself has passed; a busy machine
            can cause it.
    """

    what: str
    wanted: str
    seen: str
    exchange: int | None = None
    late: str | None = None


class Relation(StrEnum):
    """How a measured number must relate to its limit."""

    EQUALS = "equals"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"


class CountClaim(Struct, frozen=True, kw_only=True, tag="count"):
    """A number that the grader counted. Noise cannot change it, except as `late` says.

    Attributes:
        what: the things that were counted: "connections opened to the upstream".
        unit: of both numbers; empty for plain counts.
        late: on a busy machine, a deadline that the solution enforces itself can change the number.
    """

    what: str
    measured: float
    relation: Relation
    limit: float
    unit: str = ""
    late: bool = False


class ClockClaim(Struct, frozen=True, kw_only=True, tag="clock"):
    """A burst or a single exchange took at most, or at least, this long.

    Attributes:
        what: names the requests in messages: "20 × GET /prices".
        exchanges: their ids; the time runs from the first planned request to the end of the last exchange.
        burst: id of their burst; None if there is none.
        alone_s: how long one request alone takes, which explains a miss; None if unknown.
    """

    what: str
    exchanges: tuple[int, ...]
    burst: int | None = None
    relation: Relation
    limit_s: float
    alone_s: float | None = None
    watch: Watch


class GateClaim(Struct, frozen=True, kw_only=True, tag="gate"):
    """A gate (a rendezvous) opened: enough things happened before a generous deadline.

    Attributes:
        what: the things that were counted: "calls to /prices".
        wanted: how many it takes to open the gate.
        seen: how many there were.
        own_limit_s: the grader gives up once this much of the wait is the solution's own time.
    """

    what: str
    wanted: int
    seen: int
    deadline_s: float
    own_limit_s: float
    watch: Watch


Claim = StatusClaim | ValueClaim | CountClaim | ClockClaim | GateClaim
