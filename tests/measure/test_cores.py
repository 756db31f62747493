"""The cores that the grader may use."""

import multiprocessing
import os
import sys

import pytest

from grader.measure.cores import pin, usable_cores


def pinned_to(cores: tuple[int, ...]) -> int:
    pin(cores)
    return usable_cores()


def cores_of_a_process_pinned_to(cores: tuple[int, ...]) -> int:
    """How many cores a new process may use after it has pinned itself to these."""
    with multiprocessing.get_context("spawn").Pool(1) as processes:
        return processes.apply(pinned_to, (cores,))


def test_at_least_one_core_is_usable() -> None:
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes")
def test_a_process_can_be_restricted_to_some_cores() -> None:
    some = min(os.sched_getaffinity(0))
    assert cores_of_a_process_pinned_to((some,)) == 1
    assert cores_of_a_process_pinned_to((some, 10_000)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes")
def test_cores_that_do_not_exist_change_nothing() -> None:
    for cores in ((10_000,), (-1,), (2**70,), ()):
        assert cores_of_a_process_pinned_to(cores) == usable_cores()
