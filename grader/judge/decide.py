"""The verdict: from the attempts at a check to its outcome, from the outcomes to the report's verdict. Pure."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec.structs import replace

from grader.evidence.model import (
    Attempt,
    CheckRecord,
    ClockClaim,
    CountClaim,
    ExchangeError,
    GateClaim,
    Relation,
    ServerLife,
    Stall,
    Subject,
)
from grader.judge.claims import examine_claim, measured_time_s
from grader.judge.clock import DEADLINE_SHARE, grader_was_busy, is_witnessed, may_be_late, sender_lagged
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
"""How a process ends that got SIGKILL, which was not ours. The system itself may have sent it, for want of memory, or somebody else on
this machine; so it must recur on a fresh server before it counts. An app that ends itself so does it again."""

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
        here = [stall.duration_s for stall in stalls if (stall.frame.file, stall.frame.line) == place]
        sites.append(StallSite(frame=frame, count=len(here), total_s=sum(here)))
    return tuple(sorted(sites, key=lambda site: -site.total_s)[:SITES])


def _first_finding(attempt: Attempt) -> Finding | None:
    if attempt.mishap:
        return Finding(kind=FindingKind.MISHAP, observed=attempt.mishap)
    if attempt.life is not None:
        finding = _examine_life(attempt.life)
        if finding is not None:
            return finding
    for claim in attempt.claims:
        finding = examine_claim(claim, attempt.exchanges)
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
    return any(exchange.status is not None for exchange in attempt.exchanges) or bool(attempt.events)


def _examine_life(life: ServerLife) -> Finding | None:
    output = tuple(life.log.strip().splitlines()[-OUTPUT_LINES:])
    if life.exceeded is not None:
        excess = life.exceeded
        return Finding(kind=FindingKind.LIMIT_EXCEEDED, subject=excess.what, measured=excess.seen, limit=excess.limit, excess=excess)
    ended = life.exited_s is not None and (life.stop_asked_s is None or life.exited_s < life.stop_asked_s)
    if ended or life.left_early:
        crash = life.crash
        kind = FindingKind.CRASHED_AT_START if life.ready_s is None else FindingKind.CRASHED_UNDER_LOAD
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
    if finding.watch is None or finding.own_limit_s is None or not is_witnessed(finding.watch, finding.own_limit_s):
        return False
    return finding.kind is not FindingKind.TOO_SLOW or not sender_lagged(finding.watch, finding.own_limit_s)


def next_step(attempts: Sequence[Attempt], *, failed_already: bool = False) -> Step:
    """What the attempts so far allow to say, or what is to be tried next.

    A pass is final; a wrong answer or count is final; a miss by the clock counts when two fresh servers showed a
    witness, or when the solution missed before and after a reference that held.

    Args:
        attempts: in the order in which they were made.
        failed_already: another check has failed for good, so the verdict stands and one witness is enough here.
    """
    if not attempts:
        return Step.TRY_SOLUTION
    findings = [examine_attempt(attempt) for attempt in attempts]
    own = [f for a, f in zip(attempts, findings, strict=True) if a.subject is Subject.SOLUTION]
    if any(f is not None and f.kind in BROKEN_KINDS for f in findings):
        return Step.BROKEN
    if any(f is None for f in own):
        return Step.PASS
    misses = [f for f in own if f is not None]
    if any(not f.by_clock for f in misses):
        return Step.FAIL
    witnessed = sum(has_witness(f) for f in misses)
    killed = any(f.kind in (FindingKind.CRASHED_AT_START, FindingKind.CRASHED_UNDER_LOAD) for f in misses)
    if witnessed >= (1 if failed_already and not killed else WITNESSES):
        return Step.FAIL
    return _next_round(attempts, findings, witnessed == len(misses))


def _next_round(attempts: Sequence[Attempt], findings: Sequence[Finding | None], all_witnessed: bool) -> Step:
    """The next turn between solution and reference, when misses alone do not decide."""
    references = [f for a, f in zip(attempts, findings, strict=True) if a.subject is Subject.REFERENCE]
    if attempts[-1].subject is Subject.REFERENCE:
        return Step.TRY_SOLUTION
    if all_witnessed:
        return Step.TRY_SOLUTION
    lost = len(attempts) >= 2 and attempts[-2].subject is Subject.REFERENCE and findings[-2] is None
    if lost and not _proves_nothing(findings[-1]):
        return Step.FAIL
    if len(references) >= ROUNDS:
        return Step.INCONCLUSIVE
    return Step.TRY_REFERENCE


def _proves_nothing(finding: Finding | None) -> bool:
    """Whether the machine is known to have taken the time: then even a lost round proves nothing.

    So it is with a late answer, and when the grader itself was without a core for most of the time: a solution with a hundred threads
    has more to be looked at than the reference, and a busy machine lets only the one be done in time.
    """
    if finding is None or finding.watch is None:
        return False
    return (finding.is_late and finding.watch.taken_s is not None) or grader_was_busy(finding.watch)


def judge_check(record: CheckRecord, *, failed_already: bool = False) -> CheckResult:
    """The outcome of a check from all attempts at it."""
    own = [attempt for attempt in record.attempts if attempt.subject is Subject.SOLUTION]
    if not own:
        return CheckResult(name=record.name, title=record.title, outcome=Outcome.NOT_RUN)
    step = next_step(record.attempts, failed_already=failed_already)
    outcome = {Step.PASS: Outcome.PASSED, Step.FAIL: Outcome.FAILED, Step.BROKEN: Outcome.BROKEN}.get(step, Outcome.INCONCLUSIVE)
    findings = [(attempt, examine_attempt(attempt)) for attempt in record.attempts]
    finding = None
    if step is Step.BROKEN:
        finding = next((f for _, f in findings if f is not None and f.kind in BROKEN_KINDS), None)
    elif step is not Step.PASS:
        # The first certain one; else the first miss by the clock.
        misses = [f for a, f in findings if a.subject is Subject.SOLUTION and f is not None]
        finding = replace(next((f for f in misses if not f.by_clock), misses[0]), machine=record.machine)
    measured, limit, unit, relation = _figures(own[-1]) if finding is None else _figures_of(finding)
    return CheckResult(
        name=record.name,
        title=record.title,
        outcome=outcome,
        finding=finding,
        measured=measured,
        limit=limit,
        unit=unit,
        relation=relation,
        attempts=len(record.attempts),
        duration_s=record.attempts[-1].ended_s - record.attempts[0].started_s,
    )


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


def judge_run(records: Sequence[CheckRecord], *, out_of_time: bool = False) -> tuple[Verdict, tuple[CheckResult, ...]]:
    """The verdict of a whole run and the result of each check.

    Args:
        records: of all checks of the kata.
        out_of_time: the grading took too long, so some were not tried.
    """
    results: list[CheckResult] = []
    for record in records:
        failed_already = any(result.outcome is Outcome.FAILED for result in results)
        results.append(judge_check(record, failed_already=failed_already))
    verdict = verdict_of(result.outcome for result in results)
    # Nothing is known of the checks that were not tried: no pass, and nobody's failure.
    outcomes = {result.outcome for result in results}
    if out_of_time and outcomes <= {Outcome.PASSED, Outcome.INCONCLUSIVE, Outcome.NOT_RUN}:
        verdict = Verdict.INCONCLUSIVE
    return verdict, tuple(results)


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
