"""The result of one grading: what every renderer gets and nothing else."""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.claims import Relation
from grader.evidence.machine import Machine, Watch
from grader.evidence.server import Excess, Frame, WaitingTask
from grader.formats import REPORT_FORMAT


class Verdict(StrEnum):
    """What a grading says of a solution."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


class Outcome(StrEnum):
    """What a grading says of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


class FindingKind(StrEnum):
    """What went wrong, as a word that wording turns into a sentence."""

    CRASHED_AT_START = "crashed_at_start"
    CRASHED_UNDER_LOAD = "crashed_under_load"
    HUNG_AT_START = "hung_at_start"
    LIMIT_EXCEEDED = "limit_exceeded"
    HUNG = "hung"
    NO_ANSWER = "no_answer"
    WRONG_STATUS = "wrong_status"
    WRONG_VALUE = "wrong_value"
    WRONG_COUNT = "wrong_count"
    TOO_SLOW = "too_slow"
    TOO_FAST = "too_fast"
    NEVER_CAME = "never_came"
    MISHAP = "mishap"
    NOTHING_ASSERTED = "nothing_asserted"


class Bar(Struct, frozen=True, kw_only=True):
    """When one request of a burst began and ended, in seconds from the burst's beginning; `is_cut`: not answered by
    then.
    """

    from_s: float
    to_s: float
    is_cut: bool = False


class StallSite(Struct, frozen=True, kw_only=True):
    """A line at which the event loop stood still: how often, and for how long in all."""

    frame: Frame
    count: int
    total_s: float


class Finding(Struct, frozen=True, kw_only=True):
    """One thing that did not hold, in facts; `grader.render.wording` makes sentences of it.

    Attributes:
        subject: what it is about: "GET /labels/7", "connections opened to the upstream".
        expected: what should have been, in short.
        observed: what was, in short.
        measured: the number that missed the limit, if it is about a number.
        count: how many of `total` it concerns.
        by_clock: noise could have caused it; only a witness makes it count.
        is_late: a right solution gives this answer too when a deadline of its own has passed.
        alone_s: what one request alone is known to take.
        frames: where in the learner's files it happened, innermost last.
        error: type and text of the exception that ended the server.
        output: the last lines that the server printed.
        own_limit_s: when more of the time than this was the code's own doing, that is a witness against it.
        stalls: where the event loop stood still meanwhile, the worst place first.
        bars: the requests of a burst that was too slow, for a picture.
        waiting: what the solution's tasks were waiting on when the check gave up.
        machine: what kept the machine busy, when no verdict could be reached.
        excess: the limit that was exceeded, if it is about that.
    """

    kind: FindingKind
    subject: str = ""
    expected: str = ""
    observed: str = ""
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    count: int = 0
    total: int = 0
    by_clock: bool = False
    is_late: bool = False
    alone_s: float | None = None
    frames: tuple[Frame, ...] = ()
    error: str = ""
    output: tuple[str, ...] = ()
    watch: Watch | None = None
    own_limit_s: float | None = None
    stalls: tuple[StallSite, ...] = ()
    bars: tuple[Bar, ...] = ()
    waiting: tuple[WaitingTask, ...] = ()
    machine: Machine | None = None
    excess: Excess | None = None


class CheckResult(Struct, frozen=True, kw_only=True):
    """What one check gave.

    Attributes:
        title: what must hold, in the learner's words.
        finding: why it did not pass; None when it did or never ran.
        measured: with `limit` and `unit`: the number that the check turned on, if there is one.
        relation: of the measured number to the limit, where it is a count.
        attempts: how many servers were started for it, the reference's included.
        decided_by: the place, among these attempts, of the one that the result is about; None when it never ran.
    """

    name: str
    title: str
    outcome: Outcome
    finding: Finding | None = None
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    relation: Relation | None = None
    attempts: int = 0
    decided_by: int | None = None
    duration_s: float = 0.0


class GraderInfo(Struct, frozen=True, kw_only=True):
    """Which grader on which machine gave a report."""

    version: str
    python: str
    cores: int


class Report(Struct, frozen=True, kw_only=True):
    """The result of one grading.

    Attributes:
        because: the sentence of a known mistake, when the failed checks are exactly those of it.
        without_sandbox: why the solution ran without a sandbox; empty when it had one.
    """

    format: int = REPORT_FORMAT
    kata: str
    title: str
    solution: str
    verdict: Verdict
    duration_s: float
    checks: tuple[CheckResult, ...]
    grader: GraderInfo
    because: str = ""
    without_sandbox: str = ""

    @property
    def cause(self) -> CheckResult | None:
        """The first check that did not pass: the one cause that matters."""
        return next(
            (c for c in self.checks if c.outcome not in (Outcome.PASSED, Outcome.NOT_RUN)), None
        )
