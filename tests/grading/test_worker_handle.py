"""A worker as the command sees it: the test writes to the other end of its socket."""

import socket
from collections.abc import Iterator

import pytest

from grader.errors import GraderError, HarnessError, SolutionError
from grader.grading.messages import (
    GO,
    Begun,
    Ended,
    Event,
    Job,
    Refused,
    WorkerCrashed,
    line_of,
)
from grader.grading.observer import NullObserver
from grader.grading.worker_handle import (
    GraderCrashed,
    Worker,
    out_of_time,
    outcome_of,
    result_of,
)
from grader.report import CheckResult, Outcome
from tests.cli.pretend import FAIL
from tests.grading.notes import Notes
from tests.waiting import HANG_S

RESULT = CheckResult(name="test_a", title="A check.", outcome=Outcome.PASSED)


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The ends of the command and of the worker."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.fixture
def worker(sockets: tuple[socket.socket, socket.socket]) -> Worker:
    return Worker(1, Job("katas", "tiny", "solution"), sockets[0])


@pytest.fixture
def theirs(sockets: tuple[socket.socket, socket.socket]) -> socket.socket:
    return sockets[1]


def send(theirs: socket.socket, *events: Event) -> None:
    theirs.sendall(b"".join(map(line_of, events)))


async def test_events_reach_the_observer_until_the_last_message(
    worker: Worker, theirs: socket.socket
) -> None:
    notes = Notes()
    send(theirs, Begun("A check."), Ended(RESULT), FAIL)
    assert await outcome_of(worker, notes, HANG_S) == FAIL
    assert (notes.begun, notes.results) == (["A check."], [RESULT])
    assert worker.has_begun
    assert not worker.has_ended


async def test_a_worker_that_exits_gives_no_outcome(worker: Worker, theirs: socket.socket) -> None:
    theirs.close()
    assert await outcome_of(worker, NullObserver(), HANG_S) is None
    assert worker.has_ended
    assert not worker.has_begun


async def test_a_worker_that_sends_nothing_runs_out_of_time(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.grading.worker_handle.TICK_S", 0.01)
    with pytest.raises(TimeoutError):
        await outcome_of(worker, NullObserver(), 0.03)


async def test_a_message_that_cannot_be_decoded_refuses_the_grading(
    worker: Worker, theirs: socket.socket
) -> None:
    theirs.sendall(b'{"type": "Nonsense"}\n')
    (event,) = await worker.receive()
    assert isinstance(event, Refused)
    assert event.kind == "HarnessError"
    assert "cannot be decoded" in event.message


def test_the_go_ahead_is_sent(worker: Worker, theirs: socket.socket) -> None:
    worker.give_go_ahead()
    assert theirs.recv(100) == GO


def test_sending_to_a_worker_that_has_exited_is_not_an_error(
    worker: Worker, theirs: socket.socket
) -> None:
    theirs.close()
    worker.give_go_ahead()


def test_an_outcome_is_the_result_or_an_expected_error() -> None:
    refused = result_of(Refused("No.", "Try again.", "SolutionError"))
    exited = result_of(None)
    assert result_of(FAIL) is FAIL
    assert isinstance(refused, SolutionError)
    assert (refused.message, refused.hint) == ("No.", "Try again.")
    assert isinstance(exited, HarnessError)
    assert "exited unexpectedly" in exited.message
    assert "took too long" in out_of_time().message


def test_an_error_of_an_unknown_class_is_an_error_of_the_grader() -> None:
    error = result_of(Refused("No.", "", "NoSuchError"))
    assert type(error) is GraderError


def test_a_crash_is_raised_with_its_traceback() -> None:
    with pytest.raises(GraderCrashed, match="line 7"):
        result_of(WorkerCrashed("Traceback: line 7"))
