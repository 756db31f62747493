"""Decides the outcome of each check from its attempts, and the verdict of the run from the outcomes. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import assert_never

from grader.evidence.machine import Machine
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.findings import (
    Crashed,
    Finding,
    GateNotOpened,
    Hung,
    HungAtStart,
    LimitExceeded,
    Mishap,
    NoAnswer,
    NothingAsserted,
    Phase,
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.judge.attempts import circumstances_of, examine_attempt, exchanges_by_id
from grader.judge.claims import Exchanges
from grader.judge.figures import figures_of_finding, figures_of_pass
from grader.judge.lateness import is_late_by_itself
from grader.judge.rule import AttemptSummary, Step, next_step
from grader.judge.witnesses import Miss, has_witness, is_void
from grader.report import CheckResult, Circumstances, Outcome, Verdict

OUTCOMES = {
    Step.PASS: Outcome.PASSED,
    Step.FAIL: Outcome.FAILED,
    Step.BROKEN: Outcome.BROKEN,
}
"""The outcome for each final step. If attempts stop at any other step, the check is inconclusive."""


@dataclass(frozen=True)
class ExaminedAttempt:
    """An attempt and the first thing wrong in it.

    Attributes:
        miss: None if the attempt passes.
    """

    attempt: Attempt
    exchanges: Exchanges
    miss: Miss | None

    @property
    def ran_solution(self) -> bool:
        """Whether it ran the solution, not the reference."""
        return self.attempt.subject is Subject.SOLUTION

    @cached_property
    def summary(self) -> AttemptSummary:
        """The attempt as the rule sees it."""
        miss = self.miss
        if miss is None:
            return AttemptSummary(ran_solution=self.ran_solution)
        return AttemptSummary(
            ran_solution=self.ran_solution,
            is_broken=isinstance(miss.finding, Mishap | NothingAsserted),
            is_missed=True,
            is_certain=miss.is_certain,
            has_witness=has_witness(miss),
            must_recur=isinstance(miss.finding, Crashed),
            is_void=is_void(miss),
            is_late=miss.is_late,
        )

    def is_late_by_itself(self, others: Iterable["ExaminedAttempt"]) -> bool:
        """Whether the solution was late here although it had more time of its own than the reference needed.

        Args:
            others: all attempts at the check.
        """
        held = [
            (other.attempt, other.exchanges)
            for other in others
            if not other.ran_solution and other.miss is None
        ]
        return (
            self.ran_solution
            and self.miss is not None
            and is_late_by_itself(self.miss, self.attempt, self.exchanges, held)
        )


class CheckJudge:
    """Judges one check while its attempts are still being made; each attempt is examined once."""

    def __init__(self) -> None:
        self._examined: list[ExaminedAttempt] = []

    def take(self, attempt: Attempt) -> None:
        """Examine the next attempt."""
        exchanges = exchanges_by_id(attempt)
        self._examined.append(
            ExaminedAttempt(attempt, exchanges, examine_attempt(attempt, exchanges))
        )

    def step(self, *, failed_already: bool = False) -> Step:
        """The decision that the attempts so far allow, or what to try next.

        Args:
            failed_already: another check has certainly failed, so the verdict is settled and one witness is enough.
        """
        summaries = [
            replace(examined.summary, has_witness=True)
            if examined.is_late_by_itself(self._examined)
            else examined.summary
            for examined in self._examined
        ]
        return next_step(summaries, failed_already=failed_already)

    def result(self, record: CheckRecord, *, failed_already: bool = False) -> CheckResult:
        """The result of the check after all attempts so far.

        Args:
            record: has the check's name and title, and what kept the machine busy meanwhile.
            failed_already: see `step`.
        """
        own = [examined for examined in self._examined if examined.ran_solution]
        if not own:
            return CheckResult(name=record.name, title=record.title, outcome=Outcome.NOT_RUN)
        step = self.step(failed_already=failed_already)
        finding, circumstances = self._finding(step, record.machine)
        figures = (
            figures_of_pass(own[-1].attempt, own[-1].exchanges)
            if finding is None
            else figures_of_finding(finding)
        )
        attempts = [examined.attempt for examined in self._examined]
        return CheckResult(
            name=record.name,
            title=record.title,
            outcome=OUTCOMES.get(step, Outcome.INCONCLUSIVE),
            finding=finding,
            circumstances=circumstances,
            measured=figures.measured,
            limit=figures.limit,
            unit=figures.unit,
            relation=figures.relation,
            attempts=len(attempts),
            decided_by=self._deciding(),
            duration_s=sum(attempt.ended_s - attempt.started_s for attempt in attempts),
        )

    def _finding(self, step: Step, machine: Machine | None) -> tuple[Finding | None, Circumstances]:
        """The finding to report: the one that broke the check, else the first certain one, else the first one."""
        if step is Step.PASS:
            return None, Circumstances()
        missed = [examined for examined in self._examined if examined.summary.is_missed]
        if step is Step.BROKEN:
            chosen = next(examined for examined in missed if examined.summary.is_broken)
            machine = None
        else:
            own = [examined for examined in missed if examined.ran_solution]
            chosen = next((examined for examined in own if examined.summary.is_certain), own[0])
        assert chosen.miss is not None
        return chosen.miss.finding, circumstances_of(chosen.attempt, chosen.miss, machine)

    def _deciding(self) -> int:
        """Index of the attempt that the result is about: the last that passed, else the first certain miss, else the
        first of the solution.
        """
        own = [
            (index, examined.summary)
            for index, examined in enumerate(self._examined)
            if examined.ran_solution
        ]
        passed = [index for index, summary in own if not summary.is_missed]
        certain = [index for index, summary in own if summary.is_certain]
        return [*passed[-1:], *certain, own[0][0]][0]


def judge_check(record: CheckRecord, *, failed_already: bool = False) -> CheckResult:
    """The result of a check from all of its attempts."""
    return _judge_of(record).result(record, failed_already=failed_already)


def _judge_of(record: CheckRecord) -> CheckJudge:
    """A judge that has examined all attempts at a check."""
    judge = CheckJudge()
    for attempt in record.attempts:
        judge.take(attempt)
    return judge


def ends_grading(finding: Finding | None) -> bool:
    """Whether the grading stops after this finding, because every other check would fail in the same way."""
    match finding:
        case Crashed():
            return finding.phase is Phase.START
        case HungAtStart() | LimitExceeded():
            return True
        case None | Hung() | NoAnswer() | WrongStatus() | WrongValue() | WrongCount():
            return False
        case TooSlow() | TooFast() | GateNotOpened() | Mishap() | NothingAsserted():
            return False
        case _:
            assert_never(finding)


def judge_run(
    records: Sequence[CheckRecord], *, out_of_time: bool = False
) -> tuple[Verdict, tuple[CheckResult, ...]]:
    """The verdict of a whole run and the result of each check, whatever the order in which they were run.

    Args:
        records: of all checks of the kata.
        out_of_time: the grading took too long, so some checks were not tried.
    """
    judged = [(record, _judge_of(record)) for record in records]
    results = [judge.result(record) for record, judge in judged]
    if any(result.outcome is Outcome.FAILED for result in results):
        results = [judge.result(record, failed_already=True) for record, judge in judged]
    return verdict_of_results(results, out_of_time=out_of_time), tuple(results)


def verdict_of_results(results: Sequence[CheckResult], *, out_of_time: bool) -> Verdict:
    """The verdict of a whole run.

    Args:
        results: of all checks of the kata, including those that were not tried.
        out_of_time: the grading took too long, so some checks were not tried.
    """
    verdict = verdict_of(result.outcome for result in results)
    # A check that was not tried neither passes nor fails.
    outcomes = {result.outcome for result in results}
    if out_of_time and outcomes <= {Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.NOT_RUN}:
        verdict = Verdict.INCONCLUSIVE
    return verdict


def verdict_of(outcomes: Iterable[Outcome]) -> Verdict:
    """The verdict for these outcomes: `passed` only if there are checks and all of them passed."""
    present = set(outcomes)
    if Outcome.BROKEN in present:
        return Verdict.BROKEN
    if Outcome.FAILED in present:
        return Verdict.FAILED
    if Outcome.INCONCLUSIVE in present:
        return Verdict.INCONCLUSIVE
    return Verdict.PASSED if present == {Outcome.PASSED} else Verdict.BROKEN
