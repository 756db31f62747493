"""The result of one grading: all that a renderer gets."""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.claims import Relation
from grader.evidence.machine import Machine, Watch
from grader.evidence.server import Frame, WaitingTask
from grader.findings import Finding
from grader.formats import REPORT_FORMAT


class Verdict(StrEnum):
    """What a grading says about a solution."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


class Outcome(StrEnum):
    """What a grading says about one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


class StallSite(Struct, frozen=True, kw_only=True):
    """A line that blocked the event loop: how often, and for how many seconds in all."""

    frame: Frame
    count: int
    total_s: float


class Circumstances(Struct, frozen=True, kw_only=True):
    """What surrounds a finding of any type; it explains a verdict and never makes one.

    Attributes:
        stalls: where the event loop was blocked meanwhile, the worst line first.
        waiting: what the solution's tasks were waiting for when the check gave up.
        watch: how the machine fared while the thing was timed; None for what noise cannot cause.
        machine: what kept the machine busy, when no verdict could be reached.
    """

    stalls: tuple[StallSite, ...] = ()
    waiting: tuple[WaitingTask, ...] = ()
    watch: Watch | None = None
    machine: Machine | None = None


class CheckResult(Struct, frozen=True, kw_only=True):
    """The result of one check.

    Attributes:
        title: the requirement in one sentence.
        finding: why it did not pass; None when it did or never ran.
        circumstances: of the finding; empty when there is none.
        measured: with `limit` and `unit`: the number that decided the check, if there is one.
        relation: of the measured number to the limit, where it is a count.
        attempts: how many servers were started for it, the reference's included.
        decided_by: the place, among these attempts, of the one that the result is about; None when it never ran.
    """

    name: str
    title: str
    outcome: Outcome
    finding: Finding | None = None
    circumstances: Circumstances = Circumstances()
    measured: float | None = None
    limit: float | None = None
    unit: str = ""
    relation: Relation | None = None
    attempts: int = 0
    decided_by: int | None = None
    duration_s: float = 0.0


class GraderInfo(Struct, frozen=True, kw_only=True):
    """Which grader made a report, on which machine."""

    version: str
    python: str
    cores: int


class Report(Struct, frozen=True, kw_only=True):
    """The result of one grading.

    Attributes:
        because: the explanation of a known mistake, when exactly its checks failed.
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
        """The first check that did not pass: the cause that a learner should look at first."""
        return next(
            (c for c in self.checks if c.outcome not in (Outcome.PASSED, Outcome.NOT_RUN)), None
        )
