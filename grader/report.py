"""The result of one grading, as every renderer gets it."""

from enum import StrEnum

from msgspec import Struct

from grader.evidence.claims import Relation
from grader.evidence.machine import Machine, Watch
from grader.evidence.server import Frame, WaitingTask
from grader.findings import Finding
from grader.formats import REPORT_FORMAT


class Verdict(StrEnum):
    """The result of a grading as a whole."""

    PASSED = "passed"
    FAILED = "failed"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


class Outcome(StrEnum):
    """The result of one check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not_run"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


class StallSite(Struct, frozen=True, kw_only=True):
    """A line that blocked the event loop.

    Attributes:
        count: how often it did.
        total_s: for how many seconds in all.
    """

    frame: Frame
    count: int
    total_s: float


class Circumstances(Struct, frozen=True, kw_only=True):
    """What explains a finding of any type; it never decides a verdict.

    Attributes:
        stalls: lines that blocked the event loop during the attempt, worst first.
        waiting: where the solution's tasks were waiting when the check gave up.
        watch: how busy the machine was during the measurement; None for a finding that noise cannot cause.
        machine: what kept the machine busy; None if the grader did not need to know.
    """

    stalls: tuple[StallSite, ...] = ()
    waiting: tuple[WaitingTask, ...] = ()
    watch: Watch | None = None
    machine: Machine | None = None


class CheckResult(Struct, frozen=True, kw_only=True):
    """The result of one check.

    Attributes:
        title: the requirement in one sentence.
        finding: why it did not pass; None if it passed or never ran.
        circumstances: of the finding; empty if there is none.
        measured: the number that decided the check, in `unit`; None if none did.
        limit: its limit, in `unit`.
        relation: the required relation of `measured` to `limit`, for a count.
        attempts: how many attempts were made, including those with the reference.
        decided_by: index of the attempt that the result is about; None if the check never ran.
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

    @property
    def function(self) -> str:
        """The name without the parameters of `pytest.mark.parametrize`: what the manifest calls the check."""
        return self.name.partition("[")[0]


class GraderInfo(Struct, frozen=True, kw_only=True):
    """The grader that made a report, and its machine."""

    version: str
    python: str
    cores: int


class Report(Struct, frozen=True, kw_only=True):
    """The result of one grading.

    Attributes:
        because: explains a known mistake if exactly its checks failed; otherwise empty.
        without_sandbox: why the solution ran without a sandbox; empty if it ran in one.
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
        """The first check that did not pass, which a learner should look at first."""
        return next(
            (c for c in self.checks if c.outcome not in (Outcome.PASSED, Outcome.NOT_RUN)), None
        )
