"""The command's side of the pool of workers."""

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
    SessionJob,
    line_of,
)
from grader.grading.observer import Observer
from grader.grading.worker_handle import Worker, out_of_time, outcome_of, result_of

CODE = "import sys; from grader.grading.forkserver import main; main(int(sys.argv[1]))"

SLACK_S = 60.0
"""Time for set-up and clean-up, beyond the limit for the checks."""

END_S = 10.0
KILL_S = 5.0
"""How long a worker may take to exit after SIGTERM and then after SIGKILL; usually 0.1 to 0.3 s."""

CLOSE_S = 15.0
"""How long the forkserver and its workers may take to exit before the forkserver is killed."""


class Pool:
    """Grades in worker processes, forked from a process that has imported the grader.

    Args:
        control: the socket to the forkserver.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._numbers = itertools.count(1)
        self._standby: Worker | None = None

    def stand_by(self, job: Job) -> None:
        """Put a worker on standby for this job; it prepares everything in advance.

        Raises:
            HarnessError: the forkserver has exited.
        """
        if self._standby is not None and self._standby.job == job:
            return
        self.stand_down()
        self._standby = self.fork(job)

    def stand_down(self) -> None:
        """Dismiss the worker on standby, if any."""
        if self._standby is not None:
            self._standby.channel.close()  # makes it exit
            self._standby = None

    async def grade(self, job: Job, observer: Observer, limit_s: float) -> Graded | GraderError:
        """Grade a solution. If cancelled, interrupt the grading and clean up before returning.

        Args:
            job: the solution, and how to grade it.
            observer: is notified when checks begin and end.
            limit_s: how long all checks together may take.

        Returns:
            the result, or the expected error that ended the grading.

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
    async def session(self, job: SessionJob) -> "AsyncIterator[PooledSession]":
        """A session in a new worker, which exits at the end of the block."""
        session = PooledSession(self, job)
        try:
            yield session
        finally:
            await session.end()

    async def _grade(self, job: Job, observer: Observer, limit_s: float) -> Outcome | None:
        worker = self._take_standby(job)
        if worker is not None:
            outcome = await self._conduct(worker, observer, limit_s)
            # A worker on standby may have failed for a reason that no longer applies, so ignore its error and grade in
            # a new worker.
            if worker.has_begun or isinstance(outcome, Graded):
                return outcome
        return await self._conduct(self.fork(job), observer, limit_s)

    def _take_standby(self, job: Job) -> Worker | None:
        if self._standby is not None and self._standby.job != job:
            self.stand_down()
        worker, self._standby = self._standby, None
        return worker

    async def _conduct(self, worker: Worker, observer: Observer, limit_s: float) -> Outcome | None:
        try:
            worker.give_go_ahead()
            return await outcome_of(worker, observer, limit_s)
        finally:
            await self.end(worker)

    async def end(self, worker: Worker) -> None:
        """Stop a worker, and wait until it has exited."""
        # If the forkserver has exited, closing the channel makes the worker exit.
        with contextlib.suppress(HarnessError):
            for limit_s, at_once in ((END_S, False), (KILL_S, True)):
                with anyio.move_on_after(limit_s, shield=True):
                    if not worker.has_ended:
                        self._tell(End(worker.number, at_once))
                    while not worker.has_ended:
                        await worker.receive()
        worker.channel.close()

    def fork(self, job: Job | SessionJob) -> Worker:
        """Fork a worker for this job.

        Raises:
            HarnessError: the forkserver has exited, or no socket can be created.
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
                "The grading process has exited.",
                "Start the command again; if it recurs, please report it.",
            ) from error


class PooledSession:
    """Grades solutions of one kata, one after another, in the same worker and environment.

    If the worker crashes, exits or takes too long, the next solution gets a new one.

    Args:
        pool: forks the worker.
        job: the kata, and how to grade.
    """

    def __init__(self, pool: Pool, job: SessionJob) -> None:
        self._pool = pool
        self._job = job
        self._worker: Worker | None = None

    async def grade(
        self, solution: Path, observer: Observer, limit_s: float
    ) -> Graded | GraderError:
        """Grade the next solution. If cancelled, interrupt the grading and clean up before returning.

        Args:
            solution: a file, or a folder with an `app.py`.
            observer: is notified when checks begin and end.
            limit_s: how long all checks together may take.

        Returns:
            the result, or the expected error that ended the grading.

        Raises:
            GraderCrashed: by a bug of the grader.
        """
        is_over, had_worker = False, self._worker is not None
        try:
            outcome = await self._ask(solution, observer, limit_s)
            if outcome is None and had_worker and not self._has_begun:
                # The worker exited before this solution, for instance because memory ran out.
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
        """Stop the worker, if there is one."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await self._pool.end(worker)


@contextlib.contextmanager
def running_pool() -> Iterator[Pool]:
    """A pool; the forkserver and its workers exit at the end of the block. Does not wait for the forkserver's imports.

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
            f"Cannot create a socket: {error.strerror}.",
            "Close other programs or raise `ulimit -n`.",
        ) from error


def _start(control: socket.socket) -> "subprocess.Popen[bytes]":
    # -P: files in the learner's folder must not shadow modules of the same name.
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
            f"The grading process cannot be started: {error.strerror}.",
            "Close other programs or raise `ulimit -n` and `ulimit -u`.",
        ) from error
