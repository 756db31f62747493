"""What a check claims about what was seen, each claim with its evidence. `Claim` is a tagged union."""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.machine import Watch


class StatusClaim(Struct, frozen=True, kw_only=True, tag="status"):
    """These exchanges have complete answers, each with one of these statuses.

    Attributes:
        exchanges: ids.
        late: statuses with which a right solution reports that a deadline of its own has passed; a busy machine can
            cause them.
        not_before_s: a late status that comes earlier is wrong however busy the machine is.
    """

    exchanges: tuple[int, ...]
    allowed: tuple[int, ...]
    watch: Watch
    late: tuple[int, ...] = ()
    not_before_s: float = 0.0


class ValueClaim(Struct, frozen=True, kw_only=True, tag="value"):
    """A value that was seen equals the wanted one, which only the grader knew. Values are canonical JSON of bounded
    length.

    Attributes:
        what: names the value in messages: "the body".
        exchange: id of the exchange whose answer has the value, if there is one.
        late: the value that a right solution gives when a deadline of its own has passed; a busy machine can cause it.
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
    """A number that the grader counted; noise cannot change it.

    Attributes:
        what: names what was counted: "connections opened to the upstream".
        unit: of the number, if it has one.
        late: a deadline that the solution keeps itself can change the number on a busy machine.
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
        exchanges: ids; the time is from the first planned request to the last end.
        burst: id of the burst that the exchanges belong to, if they belong to one.
        alone_s: what one request alone is known to take, to explain a miss; None if that is unknown.
    """

    what: str
    exchanges: tuple[int, ...]
    burst: int | None = None
    relation: Relation
    limit_s: float
    alone_s: float | None = None
    watch: Watch


class GateClaim(Struct, frozen=True, kw_only=True, tag="gate"):
    """Enough things happened before a generous deadline: a rendezvous.

    Attributes:
        what: names the things that were counted: "calls to /prices".
        wanted: how many had to be seen.
        seen: how many were seen.
        own_limit_s: the gate is given up once this much of the wait is the solution's own time.
    """

    what: str
    wanted: int
    seen: int
    deadline_s: float
    own_limit_s: float
    watch: Watch


Claim = StatusClaim | ValueClaim | CountClaim | ClockClaim | GateClaim
