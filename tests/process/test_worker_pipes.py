"""The pipes of a server's workers: tests write to them as workers do."""

import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from anyio.abc import TaskGroup

from grader.measure.attempt import AttemptContext
from grader.process.worker_pipes import WorkerPipes
from grader.process.worker_states import WorkerStates
from tests.waiting import HANG_S, until

STALL = b"at 0 0.2 1 nap %s/app.py\nresumed 0 0.5\n"


@dataclass
class Workers:
    """The workers' ends of all pipes, and what the grader has taken from them.

    Attributes:
        stalls: a descriptor for each worker.
    """

    pipes: WorkerPipes
    states: WorkerStates
    printed: list[bytes]
    stalls: list[int] = field(default_factory=list)
    log: int = -1
    status: socket.socket = field(default_factory=socket.socket)
    is_closed: bool = False

    def follow(self, tasks: TaskGroup) -> None:
        """Read everything in the background."""
        for follow in self.pipes.followers:
            tasks.start_soon(run, follow)

    def close(self) -> None:
        """Close the workers' ends, as their exit does."""
        if self.is_closed:
            return
        self.is_closed = True
        for descriptor in [*self.stalls, self.log]:
            os.close(descriptor)
        self.status.close()


async def run(follow: Callable[[], Awaitable[None]]) -> None:
    await follow()


@pytest.fixture
def workers(tmp_path: Path, attempt: AttemptContext) -> Iterator[Workers]:
    """Two workers."""
    (tmp_path / "app.py").write_text("time.sleep(0.5)\n")
    states, printed = WorkerStates(), list[bytes]()
    pipes = WorkerPipes(tmp_path, attempt, states, printed.append)
    workers = Workers(pipes, states, printed)
    with pipes.for_workers(2) as descriptors:
        *workers.stalls, workers.log, status = map(os.dup, descriptors)
        workers.status.close()
        workers.status = socket.socket(fileno=status)
    try:
        yield workers
    finally:
        pipes.close()
        workers.close()


def stall_in(folder: Path) -> bytes:
    return STALL % str(folder).encode()


def test_each_worker_has_a_pipe_for_stalls_and_all_share_log_and_status(
    tmp_path: Path, attempt: AttemptContext
) -> None:
    pipes = WorkerPipes(tmp_path, attempt, WorkerStates(), lambda data: None)
    with pipes.for_workers(3) as descriptors:
        assert len(set(descriptors)) == 5
    for descriptor in descriptors:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)
    pipes.close()


async def test_what_workers_write_is_read_as_it_comes(
    workers: Workers, tmp_path: Path, attempt: AttemptContext
) -> None:
    async with anyio.create_task_group() as tasks:
        workers.follow(tasks)
        os.write(workers.log, b"hello\n")
        workers.status.send(b"ready\n")
        for descriptor in workers.stalls:
            os.write(descriptor, stall_in(tmp_path))
        await until(lambda: workers.printed and workers.states.ready == 1)
        await until(lambda: len(attempt.recorder.stalls) == 2)
        tasks.cancel_scope.cancel()
    assert workers.printed == [b"hello\n"]
    assert {stall.frame.source for stall in attempt.recorder.stalls} == {"time.sleep(0.5)"}


async def test_followers_end_when_all_workers_have_exited(workers: Workers) -> None:
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            workers.follow(tasks)
            workers.close()


async def test_a_worker_that_exits_before_it_reads_a_question_is_no_error(workers: Workers) -> None:
    workers.pipes.ask_for_tasks(1)
    workers.close()
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            workers.follow(tasks)
    workers.pipes.ask_for_tasks(1)


def test_each_worker_is_asked_for_its_tasks(workers: Workers) -> None:
    workers.pipes.ask_for_tasks(2)
    assert workers.status.recv(100) == b"tasks\ntasks\n"


def test_closing_reads_what_is_there_and_records_a_stall_that_has_not_ended(
    workers: Workers, tmp_path: Path, attempt: AttemptContext
) -> None:
    os.write(workers.log, b"last words\n")
    os.write(workers.stalls[0], stall_in(tmp_path).partition(b"resumed")[0])
    workers.pipes.close()
    assert workers.printed == [b"last words\n"]
    (stall,) = attempt.recorder.stalls
    assert (stall.frame.function, stall.frame.line) == ("nap", 1)
