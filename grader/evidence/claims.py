"""What a check claims of what was seen, each claim with its evidence; a tagged union."""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.machine import Watch


class StatusClaim(Struct, frozen=True, kw_only=True, tag="status"):
    """These exchanges were answered in full, each with one of these statuses.

    Attributes:
        late: statuses by which a right solution says that a deadline of its own has passed; a busy machine can cause
            them.
        not_before_s: a late status that comes earlier than this was given too early, whatever the machine.
    """

    exchanges: tuple[int, ...]
    allowed: tuple[int, ...]
    watch: Watch
    late: tuple[int, ...] = ()
    not_before_s: float = 0.0


class ValueClaim(Struct, frozen=True, kw_only=True, tag="value"):
    """A value that was seen is the one that only the grader knew. All are canonical JSON, bounded.

    Attributes:
        late: what a right solution gives when a deadline of its own has passed; a busy machine can cause it.
    """

    what: str
    wanted: str
    seen: str
    exchange: int | None = None
    late: str | None = None


class Relation(StrEnum):
    """How a measured number must stand to its limit."""

    EQUALS = "equals"
    AT_MOST = "at_most"
    AT_LEAST = "at_least"


class CountClaim(Struct, frozen=True, kw_only=True, tag="count"):
    """A number of things seen by the grader; noise cannot change it.

    Attributes:
        late: a deadline that the solution keeps itself can make it wrong, when a busy machine lets it pass.
    """

    what: str
    measured: float
    relation: Relation
    limit: float
    unit: str = ""
    late: bool = False


class ClockClaim(Struct, frozen=True, kw_only=True, tag="clock"):
    """A burst or one exchange took at most, or at least, so long.

    Attributes:
        alone_s: what one request alone is known to take, to explain a miss; None if not known.
    """

    what: str
    exchanges: tuple[int, ...]
    burst: int | None = None
    relation: Relation
    limit_s: float
    alone_s: float | None = None
    watch: Watch


class GateClaim(Struct, frozen=True, kw_only=True, tag="gate"):
    """So many things happened before a generous deadline: a rendezvous.

    Attributes:
        own_limit_s: when so much of the waiting was the code's own doing, it need not be waited for any longer.
    """

    what: str
    wanted: int
    seen: int
    deadline_s: float
    own_limit_s: float
    watch: Watch


Claim = StatusClaim | ValueClaim | CountClaim | ClockClaim | GateClaim
