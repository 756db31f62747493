"""Everything that can be wrong with a solution or with its grading: one type for each kind of finding.

Findings are facts; `grader.render.wording` turns them into sentences. Every `match` on a finding ends with
`assert_never`, so the type checker points to each place that must handle a new type.
"""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.claims import Relation
from grader.evidence.server import Excess, Frame
from grader.evidence.traffic import ExchangeError


class Phase(StrEnum):
    """When a server exited unexpectedly."""

    START = "start"
    LOAD = "load"


class Bar(Struct, frozen=True, kw_only=True):
    """One request of a burst: when it began and ended, in seconds from the start of the burst.

    Attributes:
        is_cut: it had no answer by then.
    """

    from_s: float
    to_s: float
    is_cut: bool = False


class StatusCount(Struct, frozen=True):
    """How many answers had this status.

    Attributes:
        status: None for answers without a status.
    """

    status: int | None
    count: int


class Crashed(Struct, frozen=True, kw_only=True, tag="crashed"):
    """The server exited unexpectedly.

    Attributes:
        exit_code: negative for a signal; None if unknown.
        error: type and message of the exception that ended the server; empty if there was none.
        frames: its frames in the learner's files, innermost last.
        output: the last lines that the server printed.
    """

    phase: Phase
    exit_code: int | None
    error: str = ""
    frames: tuple[Frame, ...] = ()
    output: tuple[str, ...] = ()


class HungAtStart(Struct, frozen=True, kw_only=True, tag="hung_at_start"):
    """The server was not ready in time.

    Attributes:
        waited_s: how long the grader waited.
        output: the last lines that the server printed.
    """

    waited_s: float
    output: tuple[str, ...] = ()


class LimitExceeded(Struct, frozen=True, kw_only=True, tag="limit_exceeded"):
    """The solution exceeded a resource limit, so it was stopped."""

    excess: Excess


class Hung(Struct, frozen=True, kw_only=True, tag="hung"):
    """The check did not finish before its deadline, in seconds."""

    deadline_s: float


class NoAnswer(Struct, frozen=True, kw_only=True, tag="no_answer"):
    """Requests got no complete answer.

    Attributes:
        request: method and path of the first one.
        reason: what happened to the first one.
        waited_s: how long the first one's visitor waited.
        count: how many of `total` requests got none.
        total: all requests of the claim.
    """

    request: str
    reason: ExchangeError
    waited_s: float
    count: int
    total: int


class WrongStatus(Struct, frozen=True, kw_only=True, tag="wrong_status"):
    """Requests were answered with a status that the check does not allow.

    Attributes:
        request: method and path of the first one.
        allowed: the right statuses.
        seen: the most frequent wrong ones, at most three.
        body: the beginning of the first one's body.
        count: how many of `total` answers were wrong.
        total: all answers of the claim.
        is_late: a right solution also answers like this once a deadline that it enforces itself has passed.
    """

    request: str
    allowed: tuple[int, ...]
    seen: tuple[StatusCount, ...]
    body: str
    count: int
    total: int
    is_late: bool = False


class WrongValue(Struct, frozen=True, kw_only=True, tag="wrong_value"):
    """A value is not the expected one; both are shortened canonical JSON.

    Attributes:
        what: the value in plain words: "the body of GET /labels/7".
        is_late: a right solution also gives this value once a deadline that it enforces itself has passed.
    """

    what: str
    expected: str
    observed: str
    is_late: bool = False


class WrongCount(Struct, frozen=True, kw_only=True, tag="wrong_count"):
    """A number that the grader counted or measured misses its limit.

    Attributes:
        what: the things in plain words: "connections opened to the upstream".
        relation: the required relation of `measured` to `limit`.
        unit: of both numbers; empty for plain counts.
        is_late: a right solution also causes this number once a deadline that it enforces itself has passed.
    """

    what: str
    measured: float
    relation: Relation
    limit: float
    unit: str = ""
    is_late: bool = False


class TooSlow(Struct, frozen=True, kw_only=True, tag="too_slow"):
    """One request or a burst took longer than its limit.

    Attributes:
        what: the requests in plain words: "12 × GET /labels/{n}".
        is_cut: the grader stopped waiting once the miss was certain, so `measured_s` is only a lower bound.
        answered: how many of `total` requests had a complete answer by then.
        alone_s: how long one request alone takes, if known.
        bars: the requests, for a picture.
    """

    what: str
    measured_s: float
    limit_s: float
    is_cut: bool = False
    answered: int
    total: int
    alone_s: float | None = None
    bars: tuple[Bar, ...] = ()


class TooFast(Struct, frozen=True, kw_only=True, tag="too_fast"):
    """Requests finished sooner than their work can take.

    Attributes:
        what: the requests in plain words.
        limit_s: how long the work takes at least.
        bars: the requests, for a picture.
    """

    what: str
    measured_s: float
    limit_s: float
    bars: tuple[Bar, ...] = ()


class GateNotOpened(Struct, frozen=True, kw_only=True, tag="gate_missed"):
    """A check waited for a number of things to happen, and fewer did.

    Attributes:
        what: the things in plain words: "calls to /prices under way at once".
        seen: how many happened.
        wanted: how many the check waited for.
        waited_s: how long it waited.
    """

    what: str
    seen: int
    wanted: int
    waited_s: float


class Mishap(Struct, frozen=True, kw_only=True, tag="mishap"):
    """The grader, the kata or the machine failed.

    Attributes:
        text: what went wrong, one sentence.
    """

    text: str


class NothingAsserted(Struct, frozen=True, tag="nothing_asserted"):
    """The check made no assertions, or the grader saw the solution do nothing."""


Finding = (
    Crashed
    | HungAtStart
    | LimitExceeded
    | Hung
    | NoAnswer
    | WrongStatus
    | WrongValue
    | WrongCount
    | TooSlow
    | TooFast
    | GateNotOpened
    | Mishap
    | NothingAsserted
)
