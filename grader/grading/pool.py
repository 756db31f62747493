"""A command's side of the processes that grade for it: the forkserver and its workers."""

import contextlib
import itertools
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import anyio

from grader.errors import GraderError, HarnessError
from grader.grading.graded import Graded
from grader.grading.messages import (
    Command,
    End,
    Fork,
    Grade,
    Job,
    Outcome,
    Refused,
    SeriesJob,
    line_of,
)
from grader.grading.observer import Observer
from grader.grading.worker_handle import Worker, out_of_time, outcome_of, result_of

CODE = "import sys; from grader.grading.forkserver import main; main(int(sys.argv[1]))"

SLACK_S = 60.0
"""How much longer than all checks of a kata may take together a grading may take, with its preparations."""

END_S = 10.0
KILL_S = 5.0
"""How long a worker may take to end in order, and then at once; 0.1 to 0.3 s are usual."""

CLOSE_S = 15.0
"""How long the forkserver may take to end, its workers included, before it is killed."""


class Pool:
    """Grades in processes that have everything ready.

    Args:
        control: the socket to the forkserver.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._numbers = itertools.count(1)
        self._standby: Worker | None = None

    def stand_by(self, job: Job) -> None:
        """Let a worker make everything ready for this job, if none does so already.

        Raises:
            HarnessError: the forkserver has ended.
        """
        if self._standby is not None and self._standby.job == job:
            return
        self.stand_down()
        self._standby = self.fork(job)

    def stand_down(self) -> None:
        """Let the worker that stands ready go."""
        if self._standby is not None:
            self._standby.channel.close()  # on which it ends
            self._standby = None

    async def grade(self, job: Job, observer: Observer, limit_s: float) -> Graded | GraderError:
        """Grade now; when this is cancelled, the grading is broken off and cleaned up before it returns.

        Args:
            job: what.
            observer: is told how it goes.
            limit_s: how long all checks together may take.

        Returns:
            what was graded, or the expected error that ended the grading.

        Raises:
            GraderCrashed: by a bug of the grader.
        """
        try:
            return result_of(await self._grade(job, observer, limit_s + SLACK_S))
        except HarnessError as error:
            return error
        except TimeoutError:
            return out_of_time()

    @contextlib.asynccontextmanager
    async def series(self, job: SeriesJob) -> "AsyncIterator[PooledSeries]":
        """A worker that keeps the environment of one kata and grades solution after solution in it; ends with the
        block.
        """
        series = PooledSeries(self, job)
        try:
            yield series
        finally:
            await series.end()

    async def _grade(self, job: Job, observer: Observer, limit_s: float) -> Outcome | None:
        worker = self._standing_by_for(job)
        if worker is not None:
            outcome = await self._conduct(worker, observer, limit_s)
            # What stood ready may have failed for a reason that has passed since; an error counts only of a fresh
            # worker.
            if worker.has_begun or isinstance(outcome, Graded):
                return outcome
        return await self._conduct(self.fork(job), observer, limit_s)

    def _standing_by_for(self, job: Job) -> Worker | None:
        if self._standby is not None and self._standby.job != job:
            self.stand_down()
        worker, self._standby = self._standby, None
        return worker

    async def _conduct(self, worker: Worker, observer: Observer, limit_s: float) -> Outcome | None:
        try:
            worker.give_the_word()
            return await outcome_of(worker, observer, limit_s)
        finally:
            await self.end(worker)

    async def end(self, worker: Worker) -> None:
        """See a worker end; one that grades a single solution does so by itself when it has."""
        with contextlib.suppress(
            HarnessError
        ):  # without a forkserver, it ends when its channel closes
            for limit_s, at_once in ((END_S, False), (KILL_S, True)):
                with anyio.move_on_after(limit_s, shield=True):
                    if not worker.has_ended:
                        self._tell(End(worker.number, at_once))
                    while not worker.has_ended:
                        await worker.hear()
        worker.channel.close()

    def fork(self, job: Job | SeriesJob) -> Worker:
        """A new worker for this job.

        Raises:
            HarnessError: the forkserver has ended, or there is no socket to be had.
        """
        ours, theirs = _socket_pair()
        with theirs:
            worker = Worker(next(self._numbers), job, ours)
            try:
                self._tell(Fork(worker.number, job), [theirs.fileno()])
            except HarnessError:
                ours.close()
                raise
        return worker

    def _tell(self, command: Command, descriptors: Sequence[int] = ()) -> None:
        try:
            socket.send_fds(self._control, [line_of(command)], list(descriptors))
        except OSError as error:
            raise HarnessError(
                "The process that grades has ended.",
                "Start the command again; if it recurs, please report it.",
            ) from error


class PooledSeries:
    """Solutions of one kata, graded one after another by a worker that keeps their environment.

    A worker that crashed, exited or took too long is replaced for the next solution.

    Args:
        pool: whose forkserver forks the worker.
        job: the kata, and how to grade.
    """

    def __init__(self, pool: Pool, job: SeriesJob) -> None:
        self._pool = pool
        self._job = job
        self._worker: Worker | None = None

    async def grade(
        self, solution: Path, observer: Observer, limit_s: float
    ) -> Graded | GraderError:
        """Grade the next solution; when this is cancelled, the grading is broken off and cleaned up before it returns.

        Args:
            solution: a file, or a folder with an `app.py`.
            observer: is told how it goes.
            limit_s: how long all checks together may take.

        Returns:
            what was graded, or the expected error that ended the grading.

        Raises:
            GraderCrashed: by a bug of the grader.
        """
        is_over, had_worker = False, self._worker is not None
        try:
            outcome = await self._ask(solution, observer, limit_s)
            if outcome is None and had_worker and not self._has_begun:
                # It had exited before it was asked, as when the system takes its memory: no fault of this solution's.
                await self.end()
                outcome = await self._ask(solution, observer, limit_s)
            is_over = isinstance(outcome, Graded | Refused)
            return result_of(outcome)
        except HarnessError as error:
            return error
        except TimeoutError:
            return out_of_time()
        finally:
            if not is_over:
                await self.end()

    @property
    def _has_begun(self) -> bool:
        return self._worker is not None and self._worker.has_begun

    async def _ask(self, solution: Path, observer: Observer, limit_s: float) -> Outcome | None:
        worker = self._worker = self._worker or self._pool.fork(self._job)
        worker.has_begun = False
        worker.send(line_of(Grade(str(solution))))
        return await outcome_of(worker, observer, limit_s + SLACK_S)

    async def end(self) -> None:
        """End the worker, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await self._pool.end(worker)


@contextlib.contextmanager
def running_pool() -> Iterator[Pool]:
    """Start the forkserver without waiting for its imports; end it and its workers afterwards.

    Raises:
        HarnessError: it cannot be started.
    """
    control, theirs = _socket_pair()
    with control:
        with theirs:
            process = _start(theirs)
        pool = Pool(control)
        try:
            yield pool
        finally:
            pool.stand_down()
            control.close()
            try:
                process.wait(CLOSE_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _socket_pair() -> tuple[socket.socket, socket.socket]:
    try:
        return socket.socketpair()
    except OSError as error:
        raise HarnessError(
            f"No socket can be made: {error.strerror}.",
            "Close other programs or raise `ulimit -n`.",
        ) from error


def _start(control: socket.socket) -> "subprocess.Popen[bytes]":
    # -P: nothing in the learner's folder may be imported for a module of that name.
    command = [sys.executable, "-P", "-c", CODE, str(control.fileno())]
    try:
        return subprocess.Popen(
            command,
            pass_fds=[control.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise HarnessError(
            f"No process can be started to grade in: {error.strerror}.",
            "Close other programs or raise `ulimit -n` and `ulimit -u`.",
        ) from error
