"""What proving a kata gave: findings of the lint, trials of its examples, margins of its clock limits."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from grader.authoring.examples import Example
from grader.report import CheckResult, Outcome, Verdict


class ProofVerdict(StrEnum):
    """What proving a kata came to."""

    PROVED = "proved"
    WRONG = "wrong"
    BROKEN = "broken"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Problem:
    """Something that keeps a kata from being proved.

    Attributes:
        file: within the kata's folder; empty when it is about no file.
        line: in that file, if there is one.
        text: one sentence without the file.
        why: the result of a check that explains it, if there is one.
        is_environment: the machine's doing, not the kata's.
    """

    file: str
    text: str
    line: int | None = None
    why: CheckResult | None = None
    is_environment: bool = False


@dataclass(frozen=True)
class Timing:
    """One solution's time at one clock limit.

    Attributes:
        what: what was timed, without numbers that change from run to run.
        missed: this limit ended the check.
        is_bound: the visitors gave up, so it would have taken at least so long.
        waited_s: how much of the time the server and the grader were ready and had no core.
    """

    check: str
    what: str
    limit_s: float
    measured_s: float
    missed: bool = False
    is_bound: bool = False
    waited_s: float = 0.0


@dataclass(frozen=True)
class Trial:
    """One grading of one example."""

    example: Example
    verdict: Verdict
    results: tuple[CheckResult, ...]
    timings: tuple[Timing, ...] = ()
    duration_s: float = 0.0

    def outcome(self, check: str) -> Outcome:
        """What a check gave; `not_run` when it does not occur."""
        return next((result.outcome for result in self.results if result.name == check), Outcome.NOT_RUN)

    def result(self, check: str) -> CheckResult | None:
        """The result of a check."""
        return next((result for result in self.results if result.name == check), None)


@dataclass(frozen=True)
class Side:
    """The time nearest to a clock limit on one side of it."""

    label: str
    timing: Timing


@dataclass(frozen=True)
class Margin:
    """How far a clock limit stands from both sides.

    Attributes:
        slowest: of the accepted examples; None when none came there.
        fastest: of the starter and the rejected examples that this limit caught; None when it caught none.
    """

    check: str
    what: str
    limit_s: float
    slowest: Side | None
    fastest: Side | None

    @property
    def above(self) -> float | None:
        """How often the slowest accepted time fits into the limit."""
        return self.limit_s / self.slowest.timing.measured_s if self.slowest and self.slowest.timing.measured_s > 0 else None

    @property
    def below(self) -> float | None:
        """How often the limit fits into the fastest time that it caught."""
        return self.fastest.timing.measured_s / self.limit_s if self.fastest else None


@dataclass(frozen=True)
class Proof:
    """All that is known of one kata after proving it.

    Attributes:
        checks: names in the order in which they run.
        planned: how many gradings were meant to be made.
        shows_margins_only: the margins were measured beside noise, so nothing is demanded of them.
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

    @property
    def verdict(self) -> ProofVerdict:
        """Wrong before broken: a mistake in the kata stays one on any machine."""
        if any(not problem.is_environment for problem in self.problems):
            return ProofVerdict.WRONG
        if self.is_interrupted:
            return ProofVerdict.INTERRUPTED
        return ProofVerdict.BROKEN if self.problems else ProofVerdict.PROVED

    @property
    def inconclusive(self) -> int:
        """How many results of checks were inconclusive."""
        return sum(result.outcome is Outcome.INCONCLUSIVE for trial in self.trials for result in trial.results)

    @property
    def judged(self) -> int:
        """How many results of checks there are."""
        return sum(result.outcome is not Outcome.NOT_RUN for trial in self.trials for result in trial.results)

    def outcomes(self, example: Example, check: str) -> tuple[Outcome, ...]:
        """What a check gave for an example, one outcome a round."""
        return tuple(trial.outcome(check) for trial in self.trials if trial.example == example)


def verdict_of_proofs(proofs: Sequence[Proof]) -> ProofVerdict:
    """The worst verdict: interrupted, wrong, broken, proved."""
    present = {proof.verdict for proof in proofs}
    if any(proof.is_interrupted for proof in proofs):
        return ProofVerdict.INTERRUPTED
    return next((verdict for verdict in (ProofVerdict.WRONG, ProofVerdict.BROKEN) if verdict in present), ProofVerdict.PROVED)
