"""The verdict: from the attempts at a check to its outcome, from the outcomes to the verdict of the run. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
from grader.judge.rule import AttemptSummary, Step, next_step
from grader.judge.witnesses import Miss, has_witness, is_void
from grader.report import CheckResult, Circumstances, Outcome, Verdict

OUTCOMES = {
    Step.PASS: Outcome.PASSED,
    Step.FAIL: Outcome.FAILED,
    Step.BROKEN: Outcome.BROKEN,
}
"""What a check that needs no further attempt gives; every other step is inconclusive when nothing can follow it."""


@dataclass(frozen=True)
class Examined:
    """An attempt, and the first thing that is wrong in it; None when it passes."""

    attempt: Attempt
    exchanges: Exchanges
    miss: Miss | None

    @property
    def is_own(self) -> bool:
        """Whether it ran the solution, not the reference."""
        return self.attempt.subject is Subject.SOLUTION

    @cached_property
    def summary(self) -> AttemptSummary:
        """What it says to the rule."""
        miss = self.miss
        if miss is None:
            return AttemptSummary(is_own=self.is_own)
        return AttemptSummary(
            is_own=self.is_own,
            is_broken=isinstance(miss.finding, Mishap | NothingAsserted),
            is_missed=True,
            is_certain=miss.is_certain,
            has_witness=has_witness(miss),
            must_recur=isinstance(miss.finding, Crashed),
            is_void=is_void(miss),
        )


class CheckJudge:
    """Judges one check while attempts at it are made; each attempt is examined once.

    Args:
        failed_already: another check has failed for certain, so the verdict stands and one witness is enough here.
    """

    def __init__(self, *, failed_already: bool = False) -> None:
        self._failed_already = failed_already
        self._examined: list[Examined] = []

    def take(self, attempt: Attempt) -> None:
        """Examine the next attempt."""
        exchanges = exchanges_by_id(attempt)
        self._examined.append(Examined(attempt, exchanges, examine_attempt(attempt, exchanges)))

    @property
    def step(self) -> Step:
        """What the attempts so far allow to say, or what to try next."""
        summaries = [examined.summary for examined in self._examined]
        return next_step(summaries, failed_already=self._failed_already)

    def result(self, name: str, title: str, machine: Machine | None = None) -> CheckResult:
        """The outcome of the check from all attempts at it.

        Args:
            name: of the check.
            title: what must hold, in the learner's words.
            machine: what kept the machine busy meanwhile, if the grader looked.
        """
        if not any(examined.is_own for examined in self._examined):
            return CheckResult(name=name, title=title, outcome=Outcome.NOT_RUN)
        step, attempts = self.step, [examined.attempt for examined in self._examined]
        finding, circumstances = self._finding(step, machine)
        last = next(examined for examined in reversed(self._examined) if examined.is_own)
        figures = (
            figures_of_pass(last.attempt, last.exchanges)
            if finding is None
            else figures_of_finding(finding)
        )
        return CheckResult(
            name=name,
            title=title,
            outcome=OUTCOMES.get(step, Outcome.INCONCLUSIVE),
            finding=finding,
            circumstances=circumstances,
            measured=figures.measured,
            limit=figures.limit,
            unit=figures.unit,
            relation=figures.relation,
            attempts=len(attempts),
            decided_by=self._deciding(),
            duration_s=attempts[-1].ended_s - attempts[0].started_s,
        )

    def _finding(self, step: Step, machine: Machine | None) -> tuple[Finding | None, Circumstances]:
        """The finding of the result: what broke the check, else the first certain one, else the first one."""
        if step is Step.PASS:
            return None, Circumstances()
        missed = [examined for examined in self._examined if examined.summary.is_missed]
        if step is Step.BROKEN:
            chosen = next(examined for examined in missed if examined.summary.is_broken)
            machine = None
        else:
            own = [examined for examined in missed if examined.is_own]
            chosen = next((examined for examined in own if examined.summary.is_certain), own[0])
        assert chosen.miss is not None
        return chosen.miss.finding, circumstances_of(chosen.attempt, chosen.miss, machine)

    def _deciding(self) -> int:
        """The place of the attempt that the result is about: the last that passed, else the first certain miss, else
        the first.
        """
        own = [(place, one.summary) for place, one in enumerate(self._examined) if one.is_own]
        passed = [place for place, summary in own if not summary.is_missed]
        certain = [place for place, summary in own if summary.is_certain]
        return [*passed[-1:], *certain, own[0][0]][0]


def judge_check(record: CheckRecord, *, failed_already: bool = False) -> CheckResult:
    """The outcome of a check from all attempts at it."""
    judge = CheckJudge(failed_already=failed_already)
    for attempt in record.attempts:
        judge.take(attempt)
    return judge.result(record.name, record.title, record.machine)


def ends_grading(finding: Finding | None) -> bool:
    """Whether no further check is tried after a finding: it would end in the same way, and cost the machine as much."""
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
    """The verdict of a whole run and the result of each check.

    Args:
        records: of all checks of the kata.
        out_of_time: the grading took too long, so some were not tried.
    """
    results: list[CheckResult] = []
    for record in records:
        failed_already = any(result.outcome is Outcome.FAILED for result in results)
        results.append(judge_check(record, failed_already=failed_already))
    return verdict_of_results(results, out_of_time=out_of_time), tuple(results)


def verdict_of_results(results: Sequence[CheckResult], *, out_of_time: bool) -> Verdict:
    """The verdict of a whole run.

    Args:
        results: of all checks of the kata, even those that were not tried.
        out_of_time: the grading took too long, so some were not tried.
    """
    verdict = verdict_of(result.outcome for result in results)
    # Nothing is known of the checks that were not tried: they neither pass nor fail.
    outcomes = {result.outcome for result in results}
    if out_of_time and outcomes <= {Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.NOT_RUN}:
        verdict = Verdict.INCONCLUSIVE
    return verdict


def verdict_of(outcomes: Iterable[Outcome]) -> Verdict:
    """One verdict from the outcomes of all checks: `passed` only if there are some and every one passed."""
    present = set(outcomes)
    if Outcome.BROKEN in present:
        return Verdict.BROKEN
    if Outcome.FAILED in present:
        return Verdict.FAILED
    if Outcome.INCONCLUSIVE in present:
        return Verdict.INCONCLUSIVE
    return Verdict.PASSED if present == {Outcome.PASSED} else Verdict.BROKEN
