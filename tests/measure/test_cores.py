"""The cores that the grader may use."""

import multiprocessing
import os
import sys

import pytest

from grader.measure.cores import pin, usable_cores


def pinned_to(cores: tuple[int, ...]) -> int:
    pin(cores)
    return usable_cores()


def in_a_process_of_its_own(cores: tuple[int, ...]) -> int:
    """How many cores a process may use that has pinned itself to these."""
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        return processes.apply(pinned_to, (cores,))


def test_there_is_at_least_one() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes")
def test_a_process_can_be_kept_to_some_of_them() -> None:
    some = min(os.sched_getaffinity(0))
    assert in_a_process_of_its_own((some,)) == 1
    assert in_a_process_of_its_own((some, 10_000)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes")
def test_cores_that_there_are_not_change_nothing() -> None:
    for cores in ((10_000,), (-1,), (2**70,), ()):
        assert in_a_process_of_its_own(cores) == usable_cores()
