"""How a worker shuts down: immediately while it waits, otherwise as soon as that is safe."""

import signal
import socket
from collections.abc import Iterator

import pytest

from grader.grading.messages import CHUNK_BYTES, Begun, Lines, events_in
from grader.grading.pool_worker import Reporter, Shutdown, StopWorker


@pytest.fixture
def shutdown() -> Iterator[Shutdown]:
    """A shutdown that handles SIGTERM in this process."""
    before = signal.getsignal(signal.SIGTERM)
    yield Shutdown()
    signal.signal(signal.SIGTERM, before)


def test_a_signal_while_the_worker_is_busy_stops_it_when_it_waits(shutdown: Shutdown) -> None:
    signal.raise_signal(signal.SIGTERM)
    assert shutdown.is_requested
    with pytest.raises(StopWorker), shutdown.immediate():
        pytest.fail("this should not be reached")


def test_a_signal_while_the_worker_waits_stops_it_and_another_does_not_disturb_the_clean_up(
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


def test_a_grading_is_interrupted_if_the_command_has_gone(shutdown: Shutdown) -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with ours:
        Reporter(ours, shutdown).check_begins("A check.")
    assert shutdown.is_requested
