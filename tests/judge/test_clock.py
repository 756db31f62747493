"""What of an elapsed time is the code's own."""

import pytest

from grader.evidence.machine import CpuTimes, Watch
from grader.judge.clock import is_witnessed, sender_lagged
from tests.judge.records import watch


def test_waiting_for_a_core_and_the_graders_work_are_not_the_codes_own() -> None:
    seen = Watch(
        started_s=1.0,
        ended_s=3.0,
        server=CpuTimes(cpu_s=0.3, waited_s=0.5),
        grader=CpuTimes(cpu_s=0.2, waited_s=0.1),
    )
    assert seen.own_s == pytest.approx(2.0 - 0.5 - 0.1 - 0.2)


def test_the_time_in_which_the_whole_machine_was_halted_is_not_the_codes_own() -> None:
    halted = Watch(
        started_s=0.0,
        ended_s=2.0,
        server=CpuTimes(cpu_s=0.3, waited_s=0.0),
        grader=CpuTimes(cpu_s=0.1, waited_s=0.0),
        loop_lag_s=1.6,
    )
    assert halted.stood_still_s == pytest.approx(1.6 - 0.1)
    assert halted.own_s == pytest.approx(2.0 - 0.1 - 1.5)


def test_a_late_grader_that_waited_for_a_core_is_counted_once() -> None:
    crowded = Watch(
        started_s=0.0,
        ended_s=2.0,
        server=CpuTimes(cpu_s=0.3, waited_s=0.0),
        grader=CpuTimes(cpu_s=0.1, waited_s=0.8),
        loop_lag_s=0.7,
    )
    assert crowded.stood_still_s == 0.0
    assert crowded.own_s == pytest.approx(2.0 - 0.1 - 0.8)


def test_its_own_computing_is_the_codes_own() -> None:
    busy = Watch(
        started_s=0.0,
        ended_s=2.0,
        server=CpuTimes(cpu_s=2.0, waited_s=0.0),
        grader=CpuTimes(cpu_s=0.0, waited_s=0.0),
    )
    assert is_witnessed(busy, 1.5)


def test_nothing_is_known_where_the_system_does_not_tell() -> None:
    assert watch(2.0, waited_s=None).own_s is None
    assert not is_witnessed(watch(2.0, waited_s=None), 0.1)


def test_a_sender_lags_from_a_third_of_the_limit() -> None:
    assert sender_lagged(watch(1.0, lag_s=0.2), 0.5)
    assert not sender_lagged(watch(1.0, lag_s=0.1), 0.5)
