"""How a worker is told to end: at once where that is safe, else as soon as it is."""

import signal
import socket
from collections.abc import Iterator

import pytest

from grader.grading.messages import CHUNK_BYTES, Begun, Lines, events_in
from grader.grading.pool_worker import Reporter, Shutdown, StopWorker


@pytest.fixture
def shutdown() -> Iterator[Shutdown]:
    """One that has the signal in its hands."""
    before = signal.getsignal(signal.SIGTERM)
    yield Shutdown()
    signal.signal(signal.SIGTERM, before)


def test_a_signal_in_the_middle_of_something_is_noted_until_it_is_safe(shutdown: Shutdown) -> None:
    signal.raise_signal(signal.SIGTERM)
    assert shutdown.is_requested
    with pytest.raises(StopWorker), shutdown.immediate():
        pytest.fail("this should not be reached")


def test_a_signal_while_it_waits_ends_it_and_another_one_does_not_disturb_the_cleaning(
    shutdown: Shutdown,
) -> None:
    with pytest.raises(StopWorker), shutdown.immediate():
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)


def test_a_check_that_begins_after_the_signal_is_interrupted(shutdown: Shutdown) -> None:
    signal.raise_signal(signal.SIGTERM)
    seen: list[int] = []
    signal.signal(
        signal.SIGTERM, lambda number, frame: seen.append(number)
    )  # as a grading does while checks run
    ours, theirs = socket.socketpair()
    with ours, theirs:
        Reporter(ours, shutdown).check_begins("A check.")
        assert seen == [signal.SIGTERM]
        assert events_in(Lines().take(theirs.recv(CHUNK_BYTES))) == [Begun("A check.")]


def test_when_nobody_listens_any_more_the_grading_is_broken_off(shutdown: Shutdown) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        Reporter(ours, shutdown).check_begins("A check.")
    assert shutdown.is_requested
