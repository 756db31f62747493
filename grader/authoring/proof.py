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
    """One solution's time at one clock limit, in one attempt at a check.

    Attributes:
        what: what was timed, without numbers that change from run to run.
        own_s: what remains of the measured time without what the machine and the grader took; None where the system
            does not tell.
        alone_s: what one request alone is known to take; 0 when unknown.
        missed: this limit ended the check.
        is_bound: the visitors gave up, so it would have taken at least so long.
        attempt: which attempt of the trial it was, from 0: each has a fresh server.
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
        """The time that margins are judged by: the code's own; the measured one where the system does not tell."""
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
        """What a check gave; `not_run` when it does not occur."""
        return next(
            (result.outcome for result in self.results if result.name == check), Outcome.NOT_RUN
        )

    def result(self, check: str) -> CheckResult | None:
        """The result of a check."""
        return next((result for result in self.results if result.name == check), None)


@dataclass(frozen=True)
class Side:
    """What stands for one example at a clock limit: of an accepted one its least time, of any other its median.

    Attributes:
        rounds: of so many gradings.
    """

    example: Example
    timing: Timing
    rounds: int = 1

    @property
    def judged_s(self) -> float:
        """The time that the margin is judged by."""
        return self.timing.judged_s


@dataclass(frozen=True)
class Margin:
    """How far a clock limit stands from both sides.

    Attributes:
        alone_s: what one request alone is known to take; 0 when unknown.
        accepted: the accepted examples that came there, the slowest first; leisurely ones are not among them.
        leisurely: the accepted examples that are declared so, the slowest first.
        rejected: the starter and the rejected examples that this limit caught, the fastest first.
        is_undecided: a starter or rejected example was too slow for it, and this machine could not tell whose fault
            that was.
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
        """How often what the slowest accepted example needs beyond one request alone fits into what
        the limit leaves.
        """
        return self.factor_above(self.accepted[0]) if self.accepted else None

    @property
    def below(self) -> float | None:
        """How often the limit fits into the fastest time that it caught."""
        return self.rejected[0].judged_s / self.limit_s if self.rejected else None

    def factor_above(self, side: Side) -> float | None:
        """The same for one accepted example; None when it needed no more than one request alone."""
        beyond_s = side.judged_s - self.alone_s
        return (self.limit_s - self.alone_s) / beyond_s if beyond_s > 0 else None


@dataclass(frozen=True)
class Proof:
    """All that is known of one kata after proving it.

    Attributes:
        checks: names in the order in which they run.
        planned: how many gradings were meant to be made.
        shows_margins_only: the margins were measured beside noise, so nothing is demanded of them.
        is_quick: not every example was graded, only as many as show each check failing.
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
        return sum(
            result.outcome is Outcome.INCONCLUSIVE
            for trial in self.trials
            for result in trial.results
        )

    @property
    def judged(self) -> int:
        """How many results of checks there are."""
        return sum(
            result.outcome is not Outcome.NOT_RUN
            for trial in self.trials
            for result in trial.results
        )

    def rounds(self, example: Example) -> tuple[Trial, ...]:
        """All gradings of an example, in the order in which they were made."""
        return tuple(trial for trial in self.trials if trial.example == example)

    def outcomes(self, example: Example, check: str) -> tuple[Outcome, ...]:
        """What a check gave for an example, one outcome a round."""
        return tuple(trial.outcome(check) for trial in self.rounds(example))


def verdict_of_proofs(proofs: Sequence[Proof]) -> ProofVerdict:
    """The worst verdict: interrupted, wrong, broken, proved."""
    present = {proof.verdict for proof in proofs}
    if any(proof.is_interrupted for proof in proofs):
        return ProofVerdict.INTERRUPTED
    return next(
        (verdict for verdict in (ProofVerdict.WRONG, ProofVerdict.BROKEN) if verdict in present),
        ProofVerdict.PROVED,
    )
