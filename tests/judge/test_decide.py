"""The verdict rule on recorded evidence."""

from collections.abc import Sequence

import pytest
from msgspec import structs

from grader.evidence.claims import Relation, StatusClaim
from grader.evidence.machine import CpuTimes
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.evidence.server import Crash, Excess, Frame, ServerLife, Stall
from grader.evidence.traffic import ExchangeError
from grader.judge.decide import (
    CheckJudge,
    Step,
    examine_attempt,
    judge_check,
    judge_run,
    verdict_of,
)
from grader.report import FindingKind, Outcome, Verdict
from tests.judge.records import answered, attempt, counted, exchange, gated, timed, watch

SLOW = timed(1.2)
"""A miss with a witness: all 1.2 s are the code's own."""

STARVED = timed(1.2, waited_s=1.1)
"""A miss without one: the server waited 1.1 s for a core."""

UNTOLD = timed(1.2, waited_s=None)
"""A miss on a system that does not tell who waited."""

FAST = timed(0.1)
REFERENCE_HELD = timed(0.1, subject=Subject.REFERENCE)
REFERENCE_MISSED = timed(1.0, subject=Subject.REFERENCE)


def record(*attempts: Attempt, name: str = "test_a") -> CheckRecord:
    return CheckRecord(name=name, title="A.", attempts=attempts)


def next_step(attempts: Sequence[Attempt], *, failed_already: bool = False) -> Step:
    """What the judge says after these attempts."""
    judge = CheckJudge(failed_already=failed_already)
    for one in attempts:
        judge.take(one)
    return judge.step


@pytest.mark.parametrize(
    ("attempts", "step"),
    [
        ([], Step.TRY_SOLUTION),
        ([FAST], Step.PASS),
        ([counted(5)], Step.FAIL),
        ([SLOW], Step.TRY_SOLUTION),
        ([SLOW, SLOW], Step.FAIL),
        ([SLOW, FAST], Step.PASS),
        ([STARVED], Step.TRY_REFERENCE),
        ([SLOW, STARVED], Step.TRY_REFERENCE),
        ([STARVED, REFERENCE_HELD], Step.TRY_SOLUTION),
        ([STARVED, REFERENCE_HELD, FAST], Step.PASS),
        ([STARVED, REFERENCE_HELD, STARVED], Step.FAIL),
        ([STARVED, REFERENCE_MISSED], Step.TRY_SOLUTION),
        ([STARVED, REFERENCE_MISSED, STARVED], Step.TRY_REFERENCE),
        ([STARVED, REFERENCE_MISSED] * 3 + [STARVED], Step.INCONCLUSIVE),
        ([UNTOLD], Step.TRY_REFERENCE),
        ([UNTOLD, REFERENCE_HELD, UNTOLD], Step.FAIL),
        ([UNTOLD, REFERENCE_MISSED] * 3 + [UNTOLD], Step.INCONCLUSIVE),
        ([STARVED, counted(5, subject=Subject.REFERENCE)], Step.TRY_SOLUTION),
    ],
)
def test_what_attempts_allow_to_say(attempts: list[Attempt], step: Step) -> None:
    assert next_step(attempts) is step


def under_own_deadline(
    taken_s: float | None,
    *,
    status: int = 504,
    took_s: float = 0.4,
    subject: Subject = Subject.SOLUTION,
) -> Attempt:
    """An attempt in a kata whose solutions keep a deadline of 0.4 s themselves, and say 504 when it has passed."""
    one = exchange(status=status, took_s=took_s)
    claim = StatusClaim(
        exchanges=(1,), allowed=(200,), watch=watch(took_s), late=(504,), not_before_s=0.3
    )
    return attempt(
        subject,
        exchanges=(one,),
        claims=(claim,),
        own_deadline_s=0.4,
        watch=watch(1.0, waited_s=taken_s),
    )


def test_a_late_answer_is_final_when_the_machine_took_little() -> None:
    assert next_step([under_own_deadline(0.05)]) is Step.FAIL


def test_an_answer_that_is_wrong_or_came_too_early_is_final_on_any_machine() -> None:
    assert next_step([under_own_deadline(0.5, status=500)]) is Step.FAIL
    assert next_step([under_own_deadline(0.5, took_s=0.2)]) is Step.FAIL


def test_a_late_answer_on_a_busy_machine_never_fails() -> None:
    late, right = under_own_deadline(0.5), under_own_deadline(0.5, status=200)
    held = under_own_deadline(0.5, status=200, subject=Subject.REFERENCE)
    assert next_step([late]) is Step.TRY_REFERENCE
    assert next_step([late, held, late]) is Step.TRY_REFERENCE
    assert next_step([late, held, right]) is Step.PASS
    assert next_step([late, held] * 3 + [late]) is Step.INCONCLUSIVE


def test_what_a_grader_without_a_core_missed_is_no_lost_round() -> None:
    unseen, held = gated(1, grader_waited_s=2.0), gated(3, subject=Subject.REFERENCE)
    assert next_step([unseen]) is Step.TRY_REFERENCE
    assert next_step([unseen, held, unseen]) is Step.TRY_REFERENCE
    assert next_step([unseen, held] * 3 + [unseen]) is Step.INCONCLUSIVE
    seen = gated(1, waited_s=2.5, grader_waited_s=1.0)
    assert next_step([unseen, held, seen]) is Step.FAIL
    assert next_step([unseen, held, gated(3)]) is Step.PASS


def test_where_nobody_knows_what_was_taken_the_rounds_decide_on_a_late_answer() -> None:
    late = under_own_deadline(None)
    held = under_own_deadline(None, status=200, subject=Subject.REFERENCE)
    assert next_step([late]) is Step.TRY_REFERENCE
    assert next_step([late, held, late]) is Step.FAIL


def test_one_witness_is_enough_once_the_verdict_stands() -> None:
    assert next_step([SLOW], failed_already=True) is Step.FAIL
    assert next_step([STARVED], failed_already=True) is Step.TRY_REFERENCE


def test_a_lagging_sender_is_no_witness() -> None:
    assert next_step([timed(1.2, lag_s=0.3)]) is Step.TRY_REFERENCE


def test_a_gate_counts_when_the_code_itself_waited_past_half_of_the_deadline() -> None:
    assert next_step([gated(1)]) is Step.TRY_SOLUTION
    assert next_step([gated(1), gated(1)]) is Step.FAIL
    assert next_step([gated(1, waited_s=2.0)]) is Step.TRY_REFERENCE
    assert next_step([gated(3)]) is Step.PASS


def test_a_wrong_status_is_final_and_a_missing_answer_is_not() -> None:
    assert next_step([answered(exchange(status=500))]) is Step.FAIL
    assert (
        next_step([answered(exchange(took_s=3, status=None, error=ExchangeError.TIMED_OUT))])
        is Step.TRY_SOLUTION
    )
    assert next_step([answered(exchange(status=None, error=ExchangeError.CLOSED))]) is Step.FAIL


def test_a_wrong_status_is_told_before_a_missing_answer() -> None:
    finding = examine_attempt(
        answered(
            exchange(1, took_s=3, status=None, error=ExchangeError.TIMED_OUT),
            exchange(2, status=500),
            exchange(3),
        )
    )
    assert finding is not None
    assert (finding.kind, finding.count, finding.total) == (FindingKind.WRONG_STATUS, 1, 3)


@pytest.mark.parametrize(
    ("measured", "relation", "limit", "holds"),
    [
        (2, Relation.EQUALS, 2, True),
        (1, Relation.EQUALS, 2, False),
        (2, Relation.AT_MOST, 2, True),
        (3, Relation.AT_MOST, 2, False),
        (2, Relation.AT_LEAST, 2, True),
        (1, Relation.AT_LEAST, 2, False),
    ],
)
def test_counts(measured: float, relation: Relation, limit: float, holds: bool) -> None:
    assert (examine_attempt(counted(measured, relation=relation, limit=limit)) is None) is holds


def test_a_crash_explains_before_any_claim() -> None:
    frame = Frame(file="app.py", line=3, function="f", source="x")
    life = ServerLife(
        workers=1,
        started_s=0,
        ready_s=0.1,
        exited_s=0.5,
        exit_code=1,
        crash=Crash(phase="load", type="E", message="m", frames=(frame,)),
    )
    finding = examine_attempt(attempt(life=life, exchanges=(exchange(status=500),)))
    assert finding is not None
    assert (finding.kind, finding.frames, finding.error) == (
        FindingKind.CRASHED_UNDER_LOAD,
        (frame,),
        "E: m",
    )


KILLED = attempt(life=ServerLife(workers=1, started_s=0, ready_s=0.1, exited_s=0.5, exit_code=-9))
CRASHED = attempt(life=ServerLife(workers=1, started_s=0, ready_s=0.1, exited_s=0.5, exit_code=1))


@pytest.mark.parametrize(
    ("attempts", "failed_already", "step"),
    [
        ([CRASHED], False, Step.FAIL),
        ([KILLED], False, Step.TRY_SOLUTION),
        ([KILLED], True, Step.TRY_SOLUTION),
        ([KILLED, FAST], False, Step.PASS),
        ([KILLED, KILLED], False, Step.FAIL),
    ],
)
def test_a_sigkill_that_was_not_ours_must_recur(
    attempts: list[Attempt], failed_already: bool, step: Step
) -> None:
    assert next_step(attempts, failed_already=failed_already) is step


def test_an_exceeded_limit_is_final_and_told_before_the_end_that_it_brought() -> None:
    excess = Excess(what="memory_bytes", limit=1e9, seen=2e9)
    finding = examine_attempt(attempt(life=structs.replace(KILLED.life, exceeded=excess)))  # type: ignore[type-var]
    assert finding is not None
    assert (finding.kind, finding.subject, finding.by_clock) == (
        FindingKind.LIMIT_EXCEEDED,
        "memory_bytes",
        False,
    )


def test_a_grading_that_ran_out_of_time_passes_nothing_and_fails_nobody() -> None:
    tried, untried = record(FAST, name="test_a"), record(name="test_b")
    assert judge_run([tried, untried], out_of_time=True)[0] is Verdict.INCONCLUSIVE
    assert judge_run([record(counted(5)), untried], out_of_time=True)[0] is Verdict.FAILED
    assert judge_run([tried, untried])[0] is Verdict.BROKEN


def test_waits_for_cores_that_the_solution_itself_used_are_its_own() -> None:
    alone = structs.replace(
        watch(1.0, waited_s=0.9), cores=2, others=CpuTimes(cpu_s=1.9, waited_s=5.0)
    )
    beside_others = structs.replace(alone, others=CpuTimes(cpu_s=0.6, waited_s=5.0))
    assert alone.own_s is not None
    assert beside_others.own_s is not None
    assert alone.own_s > 0.9
    assert beside_others.own_s < 0.2


def test_an_end_that_was_asked_for_is_no_crash() -> None:
    life = ServerLife(
        workers=1, started_s=0, ready_s=0.1, stop_asked_s=0.2, exited_s=0.5, exit_code=-15
    )
    finding = examine_attempt(attempt(life=life, exchanges=(exchange(),), claims=counted(1).claims))
    assert finding is None


def test_a_start_that_hangs_needs_a_witness_too() -> None:
    hung = attempt(life=ServerLife(workers=1, started_s=0, start_watch=watch(5.0)))
    starved = attempt(life=ServerLife(workers=1, started_s=0, start_watch=watch(5.0, waited_s=4.0)))
    assert next_step([hung]) is Step.TRY_SOLUTION
    assert next_step([hung, hung]) is Step.FAIL
    assert next_step([starved]) is Step.TRY_REFERENCE


def test_a_check_that_states_nothing_is_broken() -> None:
    result = judge_check(record(attempt()))
    assert result.outcome is Outcome.BROKEN
    assert result.finding is not None
    assert result.finding.kind is FindingKind.NOTHING_ASSERTED


def test_a_check_that_saw_nothing_is_broken_even_if_all_it_says_holds() -> None:
    unseen = attempt(claims=counted(1).claims)
    assert next_step([unseen]) is Step.BROKEN


def test_a_burst_that_was_cut_off_but_never_held_to_a_limit_is_broken() -> None:
    cut = answered(exchange(1), exchange(2, status=None, error=ExchangeError.CUT_OFF))
    assert next_step([cut]) is Step.BROKEN


def test_a_burst_that_did_not_overlap_is_no_witness() -> None:
    apart = timed(1.2)
    late = structs.replace(apart.exchanges[1], sent_s=0.9)
    assert (
        next_step([structs.replace(apart, exchanges=(apart.exchanges[0], late))])
        is Step.TRY_REFERENCE
    )


def test_a_slow_burst_carries_its_bars_in_the_order_of_their_ends() -> None:
    finding = examine_attempt(SLOW)
    assert finding is not None
    assert [(bar.from_s, bar.to_s) for bar in finding.bars] == [(0.0, 0.6), (0.0, 1.2)]


def test_the_places_where_the_loop_stood_still_are_added_up() -> None:
    frames = [Frame(file="app.py", line=line, function="f", source="x") for line in (3, 9, 3)]
    stalls = tuple(Stall(at_s=0.0, duration_s=0.2, frame=frame) for frame in frames)
    finding = examine_attempt(structs.replace(SLOW, stalls=stalls))
    assert finding is not None
    assert [(site.frame.line, site.count, site.total_s) for site in finding.stalls] == [
        (3, 2, 0.4),
        (9, 1, 0.2),
    ]


def test_a_mishap_is_broken_whatever_else_was_seen() -> None:
    assert (
        judge_check(record(attempt(mishap="no disk", claims=counted(5).claims))).outcome
        is Outcome.BROKEN
    )


def test_figures_of_a_pass_are_those_of_its_clock() -> None:
    result = judge_check(record(FAST))
    assert (result.outcome, result.measured, result.limit, result.unit) == (
        Outcome.PASSED,
        0.1,
        0.4,
        "s",
    )


def test_a_later_check_is_judged_in_the_light_of_an_earlier_failure() -> None:
    verdict, results = judge_run([record(counted(5)), record(SLOW, name="test_b")])
    assert verdict is Verdict.FAILED
    assert [result.outcome for result in results] == [Outcome.FAILED, Outcome.FAILED]


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ([], Verdict.BROKEN),
        ([Outcome.PASSED], Verdict.PASSED),
        ([Outcome.PASSED, Outcome.NOT_RUN], Verdict.BROKEN),
        ([Outcome.FAILED, Outcome.NOT_RUN], Verdict.FAILED),
        ([Outcome.FAILED, Outcome.INCONCLUSIVE], Verdict.FAILED),
        ([Outcome.PASSED, Outcome.INCONCLUSIVE], Verdict.INCONCLUSIVE),
        ([Outcome.FAILED, Outcome.BROKEN], Verdict.BROKEN),
    ],
)
def test_one_verdict_from_all_outcomes(outcomes: list[Outcome], verdict: Verdict) -> None:
    assert verdict_of(outcomes) is verdict
