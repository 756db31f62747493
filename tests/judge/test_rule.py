"""What attempts say together, by the rule alone: no evidence, only summaries."""

import pytest

from grader.evidence.machine import CpuTimes, Watch
from grader.judge.rule import (
    LATE_ROUNDS,
    ROUNDS,
    SELF_MADE_SHARE,
    WITNESSES,
    AttemptSummary,
    Step,
    next_step,
    own_s,
    taken_s,
)

PASSED = AttemptSummary()
WRONG = AttemptSummary(is_missed=True, is_certain=True)
WITNESSED = AttemptSummary(is_missed=True, has_witness=True)
DOUBTFUL = AttemptSummary(is_missed=True)
VOID = AttemptSummary(is_missed=True, is_void=True)
LATE = AttemptSummary(is_missed=True, is_void=True, is_late=True)
KILLED = AttemptSummary(is_missed=True, has_witness=True, must_recur=True)
BROKEN = AttemptSummary(is_missed=True, is_certain=True, is_broken=True)

REFERENCE_PASSED = AttemptSummary(ran_solution=False)
REFERENCE_MISSED = AttemptSummary(ran_solution=False, is_missed=True)
REFERENCE_BROKEN = AttemptSummary(
    ran_solution=False, is_missed=True, is_certain=True, is_broken=True
)


@pytest.mark.parametrize(
    ("summaries", "step"),
    [
        ([], Step.TRY_SOLUTION),
        ([PASSED], Step.PASS),
        ([WRONG], Step.FAIL),
        ([WITNESSED], Step.TRY_SOLUTION),
        ([DOUBTFUL], Step.TRY_REFERENCE),
        ([VOID], Step.TRY_REFERENCE),
        ([BROKEN], Step.BROKEN),
    ],
)
def test_the_first_attempt(summaries: list[AttemptSummary], step: Step) -> None:
    assert next_step(summaries) is step


@pytest.mark.parametrize("before", [WITNESSED, DOUBTFUL, VOID, KILLED])
def test_a_pass_is_final_after_any_doubtful_miss(before: AttemptSummary) -> None:
    assert next_step([before, PASSED]) is Step.PASS


@pytest.mark.parametrize("before", [WITNESSED, DOUBTFUL, VOID, KILLED])
def test_a_certain_miss_is_final_after_any_doubtful_one(before: AttemptSummary) -> None:
    assert next_step([before, WRONG]) is Step.FAIL


def test_two_witnesses_fail_a_check_and_one_does_once_the_verdict_stands() -> None:
    assert next_step([WITNESSED] * (WITNESSES - 1)) is Step.TRY_SOLUTION
    assert next_step([WITNESSED] * WITNESSES) is Step.FAIL
    assert next_step([WITNESSED], failed_already=True) is Step.FAIL
    assert next_step([DOUBTFUL], failed_already=True) is Step.TRY_REFERENCE


def test_what_must_recur_needs_two_witnesses_even_when_the_verdict_stands() -> None:
    assert next_step([KILLED], failed_already=True) is Step.TRY_SOLUTION
    assert next_step([KILLED, KILLED], failed_already=True) is Step.FAIL


def test_a_miss_before_and_after_a_reference_that_passed_fails() -> None:
    assert next_step([DOUBTFUL, REFERENCE_PASSED]) is Step.TRY_SOLUTION
    assert next_step([DOUBTFUL, REFERENCE_PASSED, DOUBTFUL]) is Step.FAIL


def test_a_round_that_the_reference_misses_decides_nothing() -> None:
    assert next_step([DOUBTFUL, REFERENCE_MISSED, DOUBTFUL]) is Step.TRY_REFERENCE


def test_a_void_miss_is_no_lost_round() -> None:
    assert next_step([DOUBTFUL, REFERENCE_PASSED, VOID]) is Step.TRY_REFERENCE
    assert next_step([VOID, REFERENCE_PASSED, DOUBTFUL]) is Step.FAIL


@pytest.mark.parametrize("reference", [REFERENCE_MISSED, REFERENCE_PASSED])
def test_after_the_last_round_the_result_is_inconclusive(reference: AttemptSummary) -> None:
    rounds = [VOID, reference] * ROUNDS
    assert next_step(rounds) is Step.TRY_SOLUTION
    assert next_step([*rounds, VOID]) is Step.INCONCLUSIVE


def test_late_answers_get_more_rounds() -> None:
    rounds = [LATE, REFERENCE_PASSED] * LATE_ROUNDS
    assert next_step(rounds) is Step.TRY_SOLUTION
    assert next_step(rounds[:-1]) is Step.TRY_REFERENCE
    assert next_step([*rounds, LATE]) is Step.INCONCLUSIVE


def test_witnesses_count_across_rounds() -> None:
    assert next_step([WITNESSED, DOUBTFUL, REFERENCE_MISSED, WITNESSED]) is Step.FAIL


def test_a_reference_that_breaks_breaks_the_check() -> None:
    assert next_step([DOUBTFUL, REFERENCE_BROKEN]) is Step.BROKEN
    assert next_step([PASSED, REFERENCE_BROKEN]) is Step.BROKEN


def times(cpu_s: float = 0.0, waited_s: float = 0.0) -> CpuTimes:
    return CpuTimes(cpu_s=cpu_s, waited_s=waited_s)


def stretch(
    server: CpuTimes | None,
    grader: CpuTimes | None,
    others: CpuTimes | None = None,
    loop_lag_s: float = 0.0,
) -> Watch:
    """A stretch of 2 s on a machine with 2 cores."""
    return Watch(
        started_s=1.0,
        ended_s=3.0,
        cores=2,
        server=server,
        grader=grader,
        others=others,
        loop_lag_s=loop_lag_s,
    )


def test_a_quiet_stretch_is_all_the_solution_s_own() -> None:
    quiet = stretch(times(cpu_s=0.5), times())
    assert (quiet.elapsed_s, own_s(quiet), taken_s(quiet)) == (2.0, 2.0, 0.0)


def test_waits_for_a_core_and_the_grader_s_computing_are_taken_from_it() -> None:
    busy = stretch(times(waited_s=0.5), times(cpu_s=0.25, waited_s=0.125))
    assert own_s(busy) == 2.0 - 0.5 - 0.25 - 0.125
    assert taken_s(busy) == 0.5 + 0.25 + 0.125


@pytest.mark.parametrize(("server", "grader"), [(None, times()), (times(), None)])
def test_without_cpu_times_nothing_is_known(
    server: CpuTimes | None, grader: CpuTimes | None
) -> None:
    unknown = stretch(server, grader)
    assert (own_s(unknown), taken_s(unknown)) == (None, None)


def test_a_halted_machine_takes_time_that_nothing_accounts_for() -> None:
    halted = stretch(times(), times(cpu_s=0.25, waited_s=0.25), loop_lag_s=1.5)
    assert own_s(halted) == 2.0 - 0.5 - 1.0


def test_a_late_loop_that_waited_for_a_core_counts_once() -> None:
    late = stretch(times(), times(waited_s=0.5), loop_lag_s=0.5)
    assert own_s(late) == 2.0 - 0.5


def test_a_solution_that_has_nearly_all_cores_waits_for_itself() -> None:
    enough_s = SELF_MADE_SHARE * 2 * 2.0
    crowded = stretch(times(cpu_s=1.0, waited_s=1.5), times(cpu_s=0.1), times(enough_s - 1.0))
    assert own_s(crowded) == pytest.approx(2.0 - 0.1)


def test_a_solution_that_shares_the_cores_waits_for_others() -> None:
    too_little_s = SELF_MADE_SHARE * 2 * 2.0 - 0.5
    crowded = stretch(times(cpu_s=1.0, waited_s=1.5), times(), times(too_little_s - 1.0))
    assert own_s(crowded) == pytest.approx(2.0 - 1.5)
