"""The verdict: from the attempts at a check to its outcome, from the outcomes to the report's verdict. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from grader.evidence.claims import ClockClaim, CountClaim, GateClaim, Relation
from grader.evidence.machine import Machine
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.evidence.server import ServerLife, Stall
from grader.evidence.traffic import ExchangeError
from grader.judge.claims import examine_claim, measured_time_s
from grader.judge.clock import (
    DEADLINE_SHARE,
    grader_was_busy,
    is_witnessed,
    may_be_late,
    sender_lagged,
)
from grader.report import CheckResult, Finding, FindingKind, Outcome, StallSite, Verdict

ROUNDS = 3
"""How often the solution is run in turn with the reference before the machine is held unable to tell (design)."""

WITNESSES = 2
"""How many fresh servers must show a witness before a miss by the clock counts (design)."""

OUTPUT_LINES = 12
"""How many of the last lines of a server's output a finding carries."""

SITES = 3
"""How many lines at which the loop stood still a finding carries."""

KILLED = -9
"""How a process ends that got SIGKILL, which was not ours. The system itself may have sent it, for want of memory, or
somebody else on this machine; so it must recur on a fresh server before it counts. An app that ends itself so does it
again."""

BROKEN_KINDS = (FindingKind.MISHAP, FindingKind.NOTHING_ASSERTED)


class Step(StrEnum):
    """What is to be done next for a check."""

    TRY_SOLUTION = "try_solution"
    TRY_REFERENCE = "try_reference"
    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


def examine_attempt(attempt: Attempt) -> Finding | None:
    """The first thing that did not hold in an attempt, with where the event loop stood still meanwhile; or None."""
    finding = _first_finding(attempt)
    if finding is None:
        return None
    if finding.is_late and may_be_late(attempt.watch, attempt.own_deadline_s):
        finding = replace(finding, by_clock=True, watch=attempt.watch, own_limit_s=None)
    return replace(finding, stalls=stall_sites(attempt.stalls), waiting=attempt.waiting)


def stall_sites(stalls: Sequence[Stall]) -> tuple[StallSite, ...]:
    """The lines at which the loop stood still, the longest first, at most three."""
    frames = {(stall.frame.file, stall.frame.line): stall.frame for stall in stalls}
    sites = []
    for place, frame in frames.items():
        here = [
            stall.duration_s for stall in stalls if (stall.frame.file, stall.frame.line) == place
        ]
        sites.append(StallSite(frame=frame, count=len(here), total_s=sum(here)))
    return tuple(sorted(sites, key=lambda site: -site.total_s)[:SITES])


def _first_finding(attempt: Attempt) -> Finding | None:
    if attempt.mishap:
        return Finding(kind=FindingKind.MISHAP, observed=attempt.mishap)
    if attempt.life is not None:
        finding = _examine_life(attempt.life)
        if finding is not None:
            return finding
    exchanges = {exchange.id: exchange for exchange in attempt.exchanges}
    for claim in attempt.claims:
        finding = examine_claim(claim, exchanges)
        if finding is not None:
            return finding
    if attempt.hung_in_s is not None:
        return Finding(
            kind=FindingKind.HUNG,
            measured=attempt.hung_in_s,
            limit=attempt.hung_in_s,
            unit="s",
            by_clock=True,
            watch=attempt.watch,
            own_limit_s=attempt.hung_in_s * DEADLINE_SHARE,
        )
    cut_off = any(exchange.error is ExchangeError.CUT_OFF for exchange in attempt.exchanges)
    if not attempt.claims or cut_off or not _has_evidence(attempt):
        return Finding(kind=FindingKind.NOTHING_ASSERTED)
    return None


def _has_evidence(attempt: Attempt) -> bool:
    """Whether the solution was seen to do anything at all: a pass without that would mean nothing."""
    return any(exchange.status is not None for exchange in attempt.exchanges) or bool(
        attempt.events
    )


def _examine_life(life: ServerLife) -> Finding | None:
    output = tuple(life.log.strip().splitlines()[-OUTPUT_LINES:])
    if life.exceeded is not None:
        excess = life.exceeded
        return Finding(
            kind=FindingKind.LIMIT_EXCEEDED,
            subject=excess.what,
            measured=excess.seen,
            limit=excess.limit,
            excess=excess,
        )
    ended = life.exited_s is not None and (
        life.stop_asked_s is None or life.exited_s < life.stop_asked_s
    )
    if ended or life.left_early:
        crash = life.crash
        kind = (
            FindingKind.CRASHED_AT_START if life.ready_s is None else FindingKind.CRASHED_UNDER_LOAD
        )
        return Finding(
            kind=kind,
            observed=f"exit code {life.exit_code}",
            frames=crash.frames if crash else (),
            error=f"{crash.type}: {crash.message}" if crash else "",
            output=output,
            by_clock=life.exit_code == KILLED,
        )
    if life.ready_s is None and life.start_watch is not None:
        elapsed_s = life.start_watch.elapsed_s
        return Finding(
            kind=FindingKind.HUNG_AT_START,
            measured=elapsed_s,
            limit=elapsed_s,
            unit="s",
            by_clock=True,
            output=output,
            watch=life.start_watch,
            own_limit_s=elapsed_s * DEADLINE_SHARE,
        )
    return None


def has_witness(finding: Finding) -> bool:
    """Whether a miss by the clock is the code's own doing, as seen from outside."""
    if finding.kind in (FindingKind.CRASHED_AT_START, FindingKind.CRASHED_UNDER_LOAD):
        return True
    if (
        finding.watch is None
        or finding.own_limit_s is None
        or not is_witnessed(finding.watch, finding.own_limit_s)
    ):
        return False
    return finding.kind is not FindingKind.TOO_SLOW or not sender_lagged(
        finding.watch, finding.own_limit_s
    )


@dataclass(frozen=True)
class Examined:
    """An attempt, and the first thing that did not hold in it."""

    attempt: Attempt
    finding: Finding | None

    @property
    def is_own(self) -> bool:
        """Whether it is one at the solution, and not at the reference."""
        return self.attempt.subject is Subject.SOLUTION


class CheckJudge:
    """Judges one check while attempts at it are made; each attempt is examined once.

    Args:
        failed_already: another check has failed for good, so the verdict stands and one witness is enough here.
    """

    def __init__(self, *, failed_already: bool = False) -> None:
        self._failed_already = failed_already
        self._examined: list[Examined] = []

    def take(self, attempt: Attempt) -> None:
        """Examine the next attempt."""
        self._examined.append(Examined(attempt, examine_attempt(attempt)))

    @property
    def step(self) -> Step:
        """What the attempts so far allow to say, or what is to be tried next.

        A pass is final; a wrong answer or count is final; a miss by the clock counts when two fresh servers showed a
        witness, or when the solution missed before and after a reference that held.
        """
        if not self._examined:
            return Step.TRY_SOLUTION
        own = [one.finding for one in self._examined if one.is_own]
        if any(
            one.finding is not None and one.finding.kind in BROKEN_KINDS for one in self._examined
        ):
            return Step.BROKEN
        if any(finding is None for finding in own):
            return Step.PASS
        misses = [finding for finding in own if finding is not None]
        if any(not finding.by_clock for finding in misses):
            return Step.FAIL
        witnessed = sum(has_witness(finding) for finding in misses)
        killed = any(
            finding.kind in (FindingKind.CRASHED_AT_START, FindingKind.CRASHED_UNDER_LOAD)
            for finding in misses
        )
        if witnessed >= (1 if self._failed_already and not killed else WITNESSES):
            return Step.FAIL
        return _next_round(self._examined, witnessed == len(misses))

    def result(self, name: str, title: str, machine: Machine | None = None) -> CheckResult:
        """The outcome of the check from all attempts at it.

        Args:
            name: of the check.
            title: what must hold, in the learner's words.
            machine: what kept the machine busy meanwhile, if that was looked at.
        """
        if not any(one.is_own for one in self._examined):
            return CheckResult(name=name, title=title, outcome=Outcome.NOT_RUN)
        step, attempts = self.step, [one.attempt for one in self._examined]
        outcome = {
            Step.PASS: Outcome.PASSED,
            Step.FAIL: Outcome.FAILED,
            Step.BROKEN: Outcome.BROKEN,
        }.get(step, Outcome.INCONCLUSIVE)
        finding = self._told(step, machine)
        last = next(one.attempt for one in reversed(self._examined) if one.is_own)
        measured, limit, unit, relation = (
            _figures(last) if finding is None else _figures_of(finding)
        )
        return CheckResult(
            name=name,
            title=title,
            outcome=outcome,
            finding=finding,
            measured=measured,
            limit=limit,
            unit=unit,
            relation=relation,
            attempts=len(attempts),
            decided_by=self._deciding(),
            duration_s=attempts[-1].ended_s - attempts[0].started_s,
        )

    def _told(self, step: Step, machine: Machine | None) -> Finding | None:
        """The finding that the result is about: what broke the check, else the first certain one, else the first miss
        by the clock.
        """
        if step is Step.PASS:
            return None
        if step is Step.BROKEN:
            return next(
                (
                    one.finding
                    for one in self._examined
                    if one.finding is not None and one.finding.kind in BROKEN_KINDS
                ),
                None,
            )
        misses = [one.finding for one in self._examined if one.is_own and one.finding is not None]
        return replace(
            next((finding for finding in misses if not finding.by_clock), misses[0]),
            machine=machine,
        )

    def _deciding(self) -> int | None:
        """The place of the attempt that the result is about: the last that held, else the first certain miss, else the
        first.
        """
        own = [(number, one.finding) for number, one in enumerate(self._examined) if one.is_own]
        held = [number for number, finding in own if finding is None]
        certain = [
            number for number, finding in own if finding is not None and not finding.by_clock
        ]
        return next(
            (found[0] for found in (held[-1:], certain, [number for number, _ in own]) if found),
            None,
        )


def _next_round(examined: Sequence[Examined], all_witnessed: bool) -> Step:
    """The next turn between solution and reference, when misses alone do not decide."""
    if not examined[-1].is_own or all_witnessed:
        return Step.TRY_SOLUTION
    lost = len(examined) >= 2 and not examined[-2].is_own and examined[-2].finding is None
    if lost and not _proves_nothing(examined[-1].finding):
        return Step.FAIL
    if sum(not one.is_own for one in examined) >= ROUNDS:
        return Step.INCONCLUSIVE
    return Step.TRY_REFERENCE


def _proves_nothing(finding: Finding | None) -> bool:
    """Whether the machine is known to have taken the time: then even a lost round proves nothing.

    So it is with a late answer, and when the grader itself was without a core for most of the time: a solution with a
    hundred threads has more to be looked at than the reference, and a busy machine lets only the one be done in time.
    """
    if finding is None or finding.watch is None:
        return False
    return (finding.is_late and finding.watch.taken_s is not None) or grader_was_busy(finding.watch)


def judge_check(record: CheckRecord, *, failed_already: bool = False) -> CheckResult:
    """The outcome of a check from all attempts at it."""
    judge = CheckJudge(failed_already=failed_already)
    for attempt in record.attempts:
        judge.take(attempt)
    return judge.result(record.name, record.title, record.machine)


Figures = tuple[float | None, float | None, str, Relation | None]
"""What was measured, the limit, the unit, and for a count how they must relate."""


def _figures_of(finding: Finding) -> Figures:
    relation = Relation(finding.expected) if finding.kind is FindingKind.WRONG_COUNT else None
    return finding.measured, finding.limit, finding.unit, relation


def _figures(attempt: Attempt) -> Figures:
    """The number that a passed check turned on: its first clock, else its first count, else its first gate."""
    exchanges = {exchange.id: exchange for exchange in attempt.exchanges}
    for claim in attempt.claims:
        if isinstance(claim, ClockClaim) and claim.relation is Relation.AT_MOST:
            return measured_time_s(claim, exchanges), claim.limit_s, "s", None
    for claim in attempt.claims:
        if isinstance(claim, CountClaim):
            return claim.measured, claim.limit, claim.unit, claim.relation
    for claim in attempt.claims:
        if isinstance(claim, GateClaim):
            return claim.seen, claim.wanted, "", Relation.AT_LEAST
    return None, None, "", None


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
        results: of all checks of the kata, also those that were not tried.
        out_of_time: the grading took too long, so some were not tried.
    """
    verdict = verdict_of(result.outcome for result in results)
    # Nothing is known of the checks that were not tried: no pass, and nobody's failure.
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
