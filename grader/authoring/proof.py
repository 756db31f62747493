"""The proof of a kata: problems found by the lint, trials of its examples, margins of its clock limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from grader.authoring.examples import Example, Kind
from grader.report import CheckResult, Outcome, Verdict

WORST_FIRST = (
    Outcome.BROKEN,
    Outcome.FAILED,
    Outcome.INCONCLUSIVE,
    Outcome.NOT_RUN,
    Outcome.PASSED,
)
"""In this order the outcomes of a check's parameters decide its outcome."""


class ProofVerdict(StrEnum):
    """The verdict of a proof."""

    PROVED = "proved"
    WRONG = "wrong"
    BROKEN = "broken"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Problem:
    """A reason why a kata is not proved.

    Attributes:
        file: path within the kata's folder; empty if the problem concerns no file.
        line: in that file, if known.
        text: what is wrong and what to do, without the file.
        why: the result of a check that explains it, if any.
        is_environment: the machine is the cause, not the kata.
    """

    file: str
    text: str
    line: int | None = None
    why: CheckResult | None = None
    is_environment: bool = False


@dataclass(frozen=True)
class Timing:
    """The time that a solution took, where an attempt at a check has a clock limit.

    Attributes:
        what: what was timed, without numbers that differ between runs.
        own_s: the measured time less time lost to the machine and the grader; None where the system does not report it.
        alone_s: the known time of a single request; 0 if unknown.
        missed: the check ended at this limit.
        is_bound: the visitors gave up, so the time is a lower bound.
        attempt: number of the attempt in its trial, from 0; each attempt has a fresh server.
    """

    check: str
    what: str
    limit_s: float
    measured_s: float
    own_s: float | None = None
    alone_s: float = 0.0
    missed: bool = False
    is_bound: bool = False
    attempt: int = 0

    @property
    def judged_s(self) -> float:
        """The time used for margins: own time, or the measured time where own time is unknown."""
        return self.measured_s if self.own_s is None else self.own_s


@dataclass(frozen=True)
class Trial:
    """One grading of one example."""

    example: Example
    verdict: Verdict
    results: tuple[CheckResult, ...]
    timings: tuple[Timing, ...] = ()
    duration_s: float = 0.0

    def outcome(self, check: str) -> Outcome:
        """The outcome of a check; of one with parameters the worst. `not_run` if it has no result."""
        result = self.result(check)
        return Outcome.NOT_RUN if result is None else result.outcome

    def result(self, check: str) -> CheckResult | None:
        """The result of a check, if it has one; of one with parameters the worst."""
        own = [result for result in self.results if check in (result.name, result.function)]
        return min(own, key=lambda result: WORST_FIRST.index(result.outcome), default=None)


@dataclass(frozen=True)
class Side:
    """The time that represents an example at a clock limit: the minimum for accepted examples, the median for others.

    Attributes:
        rounds: number of gradings summarized.
    """

    example: Example
    timing: Timing
    rounds: int = 1

    @property
    def judged_s(self) -> float:
        """The time used for the margin."""
        return self.timing.judged_s


@dataclass(frozen=True)
class Margin:
    """The distance of a clock limit from accepted and rejected examples.

    Attributes:
        alone_s: the known time of a single request; 0 if unknown.
        accepted: the accepted examples that reached the limit, the slowest first, without leisurely ones.
        leisurely: the leisurely examples that reached it, the slowest first.
        rejected: the starter and the rejected examples that the limit caught, the fastest first.
        is_undecided: a starter or a rejected example exceeded the limit, but its check was inconclusive.
    """

    check: str
    what: str
    limit_s: float
    alone_s: float = 0.0
    accepted: tuple[Side, ...] = ()
    leisurely: tuple[Side, ...] = ()
    rejected: tuple[Side, ...] = ()
    is_undecided: bool = False

    @property
    def above(self) -> float | None:
        """`(limit - alone) / (time - alone)` of the slowest accepted example."""
        return self.factor_above(self.accepted[0]) if self.accepted else None

    @property
    def below(self) -> float | None:
        """The time of the fastest rejected example, in multiples of the limit."""
        return self.rejected[0].judged_s / self.limit_s if self.rejected else None

    def factor_above(self, side: Side) -> float | None:
        """`above` for one accepted example; None if it took no longer than a single request."""
        beyond_s = side.judged_s - self.alone_s
        return (self.limit_s - self.alone_s) / beyond_s if beyond_s > 0 else None


@dataclass(frozen=True)
class Proof:
    """The result of proving one kata.

    Attributes:
        checks: names in the order in which they run.
        planned: how many gradings were planned.
        shows_margins_only: margins are shown but not judged, because of noise or because examples were left out.
        is_quick: only enough examples were graded to see each check fail.
        requirements: by the id of each requirement, the names of its checks.
    """

    kata: str
    title: str
    checks: tuple[str, ...]
    examples: tuple[Example, ...]
    trials: tuple[Trial, ...]
    margins: tuple[Margin, ...]
    problems: tuple[Problem, ...]
    planned: int
    duration_s: float
    is_interrupted: bool = False
    shows_margins_only: bool = False
    is_quick: bool = False
    requirements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def verdict(self) -> ProofVerdict:
        """`wrong` takes precedence over `broken`, since a mistake in the kata does not depend on the machine."""
        if any(not problem.is_environment for problem in self.problems):
            return ProofVerdict.WRONG
        if self.is_interrupted:
            return ProofVerdict.INTERRUPTED
        return ProofVerdict.BROKEN if self.problems else ProofVerdict.PROVED

    @property
    def inconclusive(self) -> int:
        """The number of inconclusive results."""
        return sum(
            result.outcome is Outcome.INCONCLUSIVE
            for trial in self.trials
            for result in trial.results
        )

    @property
    def judged(self) -> int:
        """The number of results of checks that ran."""
        return sum(
            result.outcome is not Outcome.NOT_RUN
            for trial in self.trials
            for result in trial.results
        )

    def failed_by(self, *checks: str) -> tuple[Example, ...]:
        """The rejected examples that failed one of these checks in some round."""
        found = [
            trial.example
            for trial in self.trials
            if trial.example.kind is Kind.REJECTED
            and any(trial.outcome(check) is Outcome.FAILED for check in checks)
        ]
        return tuple(dict.fromkeys(found))

    def rounds(self, example: Example) -> tuple[Trial, ...]:
        """All gradings of an example, in chronological order."""
        return tuple(trial for trial in self.trials if trial.example == example)

    def outcomes(self, example: Example, check: str) -> tuple[Outcome, ...]:
        """The outcomes of a check for an example, one per round."""
        return tuple(trial.outcome(check) for trial in self.rounds(example))


def verdict_of_proofs(proofs: Sequence[Proof]) -> ProofVerdict:
    """The worst verdict, in the order interrupted, wrong, broken, proved."""
    present = {proof.verdict for proof in proofs}
    if any(proof.is_interrupted for proof in proofs):
        return ProofVerdict.INTERRUPTED
    return next(
        (verdict for verdict in (ProofVerdict.WRONG, ProofVerdict.BROKEN) if verdict in present),
        ProofVerdict.PROVED,
    )
