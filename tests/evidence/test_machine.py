"""Stretches of time in which the machine was watched."""

import msgspec

from grader.evidence.machine import CpuTimes, Watch


def test_a_stretch_lasts_from_its_beginning_to_its_end() -> None:
    assert Watch(started_s=1.0, ended_s=3.5).elapsed_s == 2.5


def test_a_stretch_is_saved_with_everything_that_was_measured() -> None:
    times = CpuTimes(cpu_s=0.5, waited_s=0.25)
    watch = Watch(started_s=1.0, ended_s=3.0, cores=2, server=times, grader=times, loop_lag_s=0.1)
    assert msgspec.json.decode(msgspec.json.encode(watch), type=Watch) == watch
