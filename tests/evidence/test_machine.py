"""How much of a stretch of time was the solution's own."""

import pytest

from grader.evidence.machine import SELF_MADE_SHARE, CpuTimes, Watch


def times(cpu_s: float = 0.0, waited_s: float = 0.0) -> CpuTimes:
    return CpuTimes(cpu_s=cpu_s, waited_s=waited_s)


def watch(
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
    quiet = watch(times(cpu_s=0.5), times())
    assert (quiet.elapsed_s, quiet.own_s, quiet.taken_s) == (2.0, 2.0, 0.0)


def test_waits_for_a_core_and_the_grader_s_computing_are_taken_from_it() -> None:
    busy = watch(times(waited_s=0.5), times(cpu_s=0.25, waited_s=0.125))
    assert busy.own_s == 2.0 - 0.5 - 0.25 - 0.125
    assert busy.taken_s == 0.5 + 0.25 + 0.125


@pytest.mark.parametrize(("server", "grader"), [(None, times()), (times(), None)])
def test_without_cpu_times_nothing_is_known(
    server: CpuTimes | None, grader: CpuTimes | None
) -> None:
    unknown = watch(server, grader)
    assert (unknown.own_s, unknown.taken_s) == (None, None)


def test_a_halted_machine_takes_time_that_nothing_accounts_for() -> None:
    halted = watch(times(), times(cpu_s=0.25, waited_s=0.25), loop_lag_s=1.5)
    assert halted.own_s == 2.0 - 0.5 - 1.0


def test_a_late_loop_that_waited_for_a_core_counts_once() -> None:
    late = watch(times(), times(waited_s=0.5), loop_lag_s=0.5)
    assert late.own_s == 2.0 - 0.5


def test_a_solution_that_has_nearly_all_cores_waits_for_itself() -> None:
    enough_s = SELF_MADE_SHARE * 2 * 2.0
    crowded = watch(times(cpu_s=1.0, waited_s=1.5), times(cpu_s=0.1), times(enough_s - 1.0))
    assert crowded.own_s == pytest.approx(2.0 - 0.1)


def test_a_solution_that_shares_the_cores_waits_for_others() -> None:
    too_little_s = SELF_MADE_SHARE * 2 * 2.0 - 0.5
    crowded = watch(times(cpu_s=1.0, waited_s=1.5), times(), times(too_little_s - 1.0))
    assert crowded.own_s == pytest.approx(2.0 - 1.5)
