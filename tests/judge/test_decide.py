"""From the attempts at a check to its outcome, and from outcomes to the verdict."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from grader.evidence.claims import Relation, StatusClaim
from grader.evidence.machine import Machine
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.evidence.server import Frame, ServerLife, Stall
from grader.evidence.traffic import ExchangeError
from grader.findings import (
    Crashed,
    Finding,
    HungAtStart,
    LimitExceeded,
    NothingAsserted,
    Phase,
    TooSlow,
    WrongCount,
)
from grader.judge.decide import CheckJudge, ends_grading, judge_check, judge_run, verdict_of
from grader.judge.rule import LATE_ROUNDS, Step
from grader.report import Circumstances, Outcome, Verdict
from tests.findings import KINDS, finding_of
from tests.judge.records import answered, attempt, counted, exchange, gated, timed, watch

SLOW = timed(1.2)
"""A miss with a witness: all 1.2 s are the code's own."""

STARVED = timed(1.2, waited_s=1.1)
"""A miss without one: the server waited 1.1 s for a core."""

UNTOLD = timed(1.2, waited_s=None)
"""A miss on a system that does not tell who waited."""

FAST = timed(0.1)
REFERENCE_PASSED = timed(0.1, subject=Subject.REFERENCE)
REFERENCE_MISSED = timed(1.0, subject=Subject.REFERENCE)


def record(*attempts: Attempt, name: str = "test_a") -> CheckRecord:
    return CheckRecord(name=name, title="A.", attempts=attempts)


def next_step(attempts: Sequence[Attempt], *, failed_already: bool = False) -> Step:
    """What to do after these attempts."""
    judge = CheckJudge()
    for one in attempts:
        judge.take(one)
    return judge.step(failed_already=failed_already)


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
        ([STARVED, REFERENCE_PASSED], Step.TRY_SOLUTION),
        ([STARVED, REFERENCE_PASSED, FAST], Step.PASS),
        ([STARVED, REFERENCE_PASSED, STARVED], Step.FAIL),
        ([STARVED, REFERENCE_MISSED], Step.TRY_SOLUTION),
        ([STARVED, REFERENCE_MISSED, STARVED], Step.TRY_REFERENCE),
        ([STARVED, REFERENCE_MISSED] * 3 + [STARVED], Step.INCONCLUSIVE),
        ([UNTOLD], Step.TRY_REFERENCE),
        ([UNTOLD, REFERENCE_PASSED, UNTOLD], Step.FAIL),
        ([UNTOLD, REFERENCE_MISSED] * 3 + [UNTOLD], Step.INCONCLUSIVE),
        ([STARVED, counted(5, subject=Subject.REFERENCE)], Step.TRY_SOLUTION),
    ],
)
def test_what_attempts_say_together(attempts: list[Attempt], step: Step) -> None:
    assert next_step(attempts) is step


def under_own_deadline(
    taken_s: float | None,
    *,
    status: int = 504,
    took_s: float = 0.6,
    subject: Subject = Subject.SOLUTION,
) -> Attempt:
    """An attempt in a kata whose solutions answer 504 when a deadline of their own has passed."""
    seen = watch(took_s, waited_s=taken_s)
    claim = StatusClaim(exchanges=(1,), allowed=(200,), watch=seen, late=(504,), not_before_s=0.3)
    return attempt(
        subject,
        exchanges=(exchange(status=status, took_s=took_s),),
        claims=(claim,),
        own_deadline_s=0.4,
        watch=seen,
    )


HELD = under_own_deadline(0.1, status=200, took_s=0.2, subject=Subject.REFERENCE)
"""The reference passes. It needs 0.2 s at most."""

LATE = under_own_deadline(0.4)
"""A late answer of a solution that may have had less time of its own than it needs."""

LATE_BY_ITSELF = under_own_deadline(0.1)
"""A late answer of a solution that had 0.5 s of its own."""


def test_an_answer_that_is_wrong_or_came_too_early_is_final_on_any_machine() -> None:
    assert next_step([under_own_deadline(0.5, status=500)]) is Step.FAIL
    assert next_step([under_own_deadline(0.5, took_s=0.2)]) is Step.FAIL


def test_a_late_answer_on_a_quiet_machine_must_recur() -> None:
    quiet = under_own_deadline(0.01)
    assert next_step([quiet]) is Step.TRY_SOLUTION
    assert next_step([quiet, quiet]) is Step.FAIL
    assert next_step([quiet, under_own_deadline(0.5, status=200)]) is Step.PASS


def test_a_late_answer_on_a_busy_machine_fails_beside_a_reference_that_needs_less_time() -> None:
    assert next_step([LATE_BY_ITSELF]) is Step.TRY_REFERENCE
    assert next_step([LATE_BY_ITSELF, HELD]) is Step.TRY_SOLUTION
    assert next_step([LATE_BY_ITSELF, HELD, LATE_BY_ITSELF]) is Step.FAIL
    assert next_step([LATE, HELD, LATE_BY_ITSELF]) is Step.TRY_REFERENCE
    assert next_step([LATE, HELD, LATE_BY_ITSELF, HELD, LATE_BY_ITSELF]) is Step.FAIL


def test_no_number_of_lost_rounds_fails_a_solution_that_had_too_little_time() -> None:
    right = under_own_deadline(0.5, status=200)
    assert next_step([LATE, HELD, LATE]) is Step.TRY_REFERENCE
    assert next_step([LATE, HELD, right]) is Step.PASS
    assert next_step([LATE, HELD] * LATE_ROUNDS) is Step.TRY_SOLUTION
    assert next_step([LATE, HELD] * LATE_ROUNDS + [LATE]) is Step.INCONCLUSIVE


def test_a_late_answer_proves_nothing_where_the_reference_is_late_too() -> None:
    reference = under_own_deadline(0.1, subject=Subject.REFERENCE)
    rounds = [LATE_BY_ITSELF, reference] * LATE_ROUNDS
    assert next_step([*rounds, LATE_BY_ITSELF]) is Step.INCONCLUSIVE


@given(
    lacking_s=st.lists(st.floats(min_value=0.0, max_value=1.0), min_size=1, max_size=8),
    reference_s=st.lists(st.floats(min_value=0.2, max_value=1.0), min_size=8, max_size=8),
)
def test_a_right_solution_that_is_late_in_each_round_never_fails(
    lacking_s: list[float], reference_s: list[float]
) -> None:
    """It needs 0.2 s, like the reference; each time the machine leaves it less than that of its deadline of 0.6 s."""
    judge = CheckJudge()
    for taken_s, took_s in zip(lacking_s, reference_s, strict=False):
        judge.take(under_own_deadline(0.4 + taken_s))
        assert judge.step() is not Step.FAIL
        judge.take(under_own_deadline(0.0, status=200, took_s=took_s, subject=Subject.REFERENCE))
        assert judge.step() is not Step.FAIL


def test_what_a_busy_grader_missed_is_no_lost_round() -> None:
    unseen, held = gated(1, grader_waited_s=2.0), gated(3, subject=Subject.REFERENCE)
    assert next_step([unseen]) is Step.TRY_REFERENCE
    assert next_step([unseen, held, unseen]) is Step.TRY_REFERENCE
    assert next_step([unseen, held] * 3 + [unseen]) is Step.INCONCLUSIVE
    seen = gated(1, waited_s=2.5, grader_waited_s=1.0)
    assert next_step([unseen, held, seen]) is Step.FAIL
    assert next_step([unseen, held, gated(3)]) is Step.PASS


def test_rounds_decide_on_a_late_answer_where_the_system_does_not_tell_what_was_taken() -> None:
    late = under_own_deadline(None)
    held = under_own_deadline(None, status=200, subject=Subject.REFERENCE)
    assert next_step([late]) is Step.TRY_REFERENCE
    assert next_step([late, held, late]) is Step.FAIL


def test_one_witness_is_enough_once_the_verdict_stands() -> None:
    assert next_step([SLOW], failed_already=True) is Step.FAIL
    assert next_step([STARVED], failed_already=True) is Step.TRY_REFERENCE


def test_a_lagging_sender_is_no_witness() -> None:
    assert next_step([timed(1.2, lag_s=0.3)]) is Step.TRY_REFERENCE


def test_a_gate_has_a_witness_when_the_wait_was_the_codes_own() -> None:
    assert next_step([gated(1)]) is Step.TRY_SOLUTION
    assert next_step([gated(1), gated(1)]) is Step.FAIL
    assert next_step([gated(1, waited_s=2.0)]) is Step.TRY_REFERENCE
    assert next_step([gated(3)]) is Step.PASS


def test_a_wrong_status_is_final_and_an_answer_that_did_not_come_in_time_is_not() -> None:
    assert next_step([answered(exchange(status=500))]) is Step.FAIL
    assert (
        next_step([answered(exchange(took_s=3, status=None, error=ExchangeError.TIMED_OUT))])
        is Step.TRY_SOLUTION
    )
    assert next_step([answered(exchange(status=None, error=ExchangeError.CLOSED))]) is Step.FAIL


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
def test_a_sigkill_that_was_not_the_graders_must_recur(
    attempts: list[Attempt], failed_already: bool, step: Step
) -> None:
    assert next_step(attempts, failed_already=failed_already) is step


def test_a_grading_that_ran_out_of_time_does_not_pass_and_fails_only_for_what_it_saw() -> None:
    tried, untried = record(FAST, name="test_a"), record(name="test_b")
    assert judge_run([tried, untried], out_of_time=True)[0] is Verdict.INCONCLUSIVE
    assert judge_run([record(counted(5)), untried], out_of_time=True)[0] is Verdict.FAILED
    assert judge_run([tried, untried])[0] is Verdict.BROKEN


def test_a_start_that_hangs_needs_a_witness_too() -> None:
    hung = attempt(life=ServerLife(workers=1, started_s=0, start_watch=watch(5.0)))
    starved = attempt(life=ServerLife(workers=1, started_s=0, start_watch=watch(5.0, waited_s=4.0)))
    assert next_step([hung]) is Step.TRY_SOLUTION
    assert next_step([hung, hung]) is Step.FAIL
    assert next_step([starved]) is Step.TRY_REFERENCE


def test_a_check_that_makes_no_assertions_is_broken() -> None:
    result = judge_check(record(attempt()))
    assert result.outcome is Outcome.BROKEN
    assert result.finding == NothingAsserted()


def test_a_burst_that_did_not_overlap_is_no_witness() -> None:
    apart = timed(1.2)
    late = structs.replace(apart.exchanges[1], sent_s=0.9)
    assert (
        next_step([structs.replace(apart, exchanges=(apart.exchanges[0], late))])
        is Step.TRY_REFERENCE
    )


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


def test_one_witness_is_enough_for_a_check_after_one_that_failed() -> None:
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


FRAME = Frame(file="app.py", line=3, function="f", source="x")
MACHINE = Machine(elapsed_s=1.0, cores=2, busy_s=1.0)


def test_a_result_has_the_circumstances_of_the_attempt_that_it_is_about() -> None:
    """The first miss by the clock, when none is certain."""
    stalls = (Stall(at_s=0.0, duration_s=0.2, frame=FRAME),)
    first = structs.replace(STARVED, stalls=stalls)
    checked = structs.replace(record(first, REFERENCE_MISSED, STARVED), machine=MACHINE)
    result = judge_check(checked)
    assert result.outcome is Outcome.INCONCLUSIVE
    assert isinstance(result.finding, TooSlow)
    assert [site.frame for site in result.circumstances.stalls] == [FRAME]
    assert result.circumstances.watch == watch(1.2, waited_s=1.1)
    assert result.circumstances.machine == MACHINE


def test_a_certain_miss_is_told_rather_than_an_earlier_doubtful_one() -> None:
    result = judge_check(record(STARVED, counted(5)))
    assert isinstance(result.finding, WrongCount)
    assert (result.measured, result.limit, result.relation) == (5, 2, Relation.AT_MOST)
    assert result.circumstances.watch is None


def test_a_check_without_an_attempt_at_the_solution_is_not_run() -> None:
    assert judge_check(record()).outcome is Outcome.NOT_RUN
    assert judge_check(record(REFERENCE_MISSED)).outcome is Outcome.NOT_RUN


def test_a_pass_has_no_finding_and_no_circumstances() -> None:
    result = judge_check(record(STARVED, FAST))
    assert (result.finding, result.circumstances) == (None, Circumstances())


@pytest.mark.parametrize("kind", KINDS)
def test_after_a_start_that_failed_or_an_exceeded_limit_no_further_check_is_tried(
    kind: type[Finding],
) -> None:
    assert ends_grading(finding_of("x", kind)) is (kind in (HungAtStart, LimitExceeded))


def test_a_crash_ends_the_grading_only_at_start() -> None:
    assert ends_grading(Crashed(phase=Phase.START, exit_code=1))
    assert not ends_grading(Crashed(phase=Phase.LOAD, exit_code=1))
    assert not ends_grading(None)
