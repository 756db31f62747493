"""What can be wrong with a solution, or with its grading: one type for each kind of finding, in facts.

`grader.render.wording` makes sentences of them. Every `match` on a finding ends with `assert_never`, so the type
checker finds each place that a new type needs.
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
    """How many answers had one status; None for answers without any."""

    status: int | None
    count: int


class Crashed(Struct, frozen=True, kw_only=True, tag="crashed"):
    """The server exited by itself.

    Attributes:
        exit_code: negative for a signal; None when it is not known.
        error: type and text of the exception that ended the server; empty when there was none.
        frames: where in the learner's files it was raised, innermost last.
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
    """The solution used more of something than a grading grants, so it was stopped."""

    excess: Excess


class Hung(Struct, frozen=True, kw_only=True, tag="hung"):
    """The check did not finish before its own deadline, in seconds."""

    deadline_s: float


class NoAnswer(Struct, frozen=True, kw_only=True, tag="no_answer"):
    """Requests got no complete answer.

    Attributes:
        request: method and path of the first of them.
        reason: what happened to the first of them.
        waited_s: how long the visitor of the first one waited.
        count: how many got none.
        total: of how many requests.
    """

    request: str
    reason: ExchangeError
    waited_s: float
    count: int
    total: int


class WrongStatus(Struct, frozen=True, kw_only=True, tag="wrong_status"):
    """Requests were answered with a status that the check does not allow.

    Attributes:
        request: method and path of the first of them.
        allowed: the right statuses.
        seen: the most frequent wrong ones, at most three.
        body: the start of the first answer's body.
        count: how many answers were wrong.
        total: of how many.
        is_late: a right solution gives this answer, too, when a deadline of its own has passed.
    """

    request: str
    allowed: tuple[int, ...]
    seen: tuple[StatusCount, ...]
    body: str
    count: int
    total: int
    is_late: bool = False


class WrongValue(Struct, frozen=True, kw_only=True, tag="wrong_value"):
    """A value is not the expected one; both are canonical JSON, shortened.

    Attributes:
        what: the value in plain words: "the body of GET /labels/7".
        is_late: a right solution gives this value, too, when a deadline of its own has passed.
    """

    what: str
    expected: str
    observed: str
    is_late: bool = False


class WrongCount(Struct, frozen=True, kw_only=True, tag="wrong_count"):
    """A number of things that the grader saw misses its limit.

    Attributes:
        what: the things in plain words: "connections opened to the upstream".
        relation: of the measured number to the limit, as the check wants it.
        unit: of both numbers; empty for plain counts.
        is_late: a right solution causes this number, too, when a deadline of its own has passed.
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
        is_cut: the grader stopped waiting once the miss was certain, so `measured_s` is a lower bound.
        answered: how many of `total` requests had a complete answer by then.
        alone_s: what one request alone is known to take.
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
    """Requests were finished sooner than their work alone takes.

    Attributes:
        what: the requests in plain words.
        limit_s: what the work alone takes.
        bars: the requests, for a picture.
    """

    what: str
    measured_s: float
    limit_s: float
    bars: tuple[Bar, ...] = ()


class GateNotOpened(Struct, frozen=True, kw_only=True, tag="gate_missed"):
    """Fewer things happened together than a check waited for.

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
    """The grader, the kata or the machine failed; `text` says how, in one sentence."""

    text: str


class NothingAsserted(Struct, frozen=True, tag="nothing_asserted"):
    """The check made no assertions, or the solution was not seen to do anything."""


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
