"""The forkserver: a process that imports the grader once, then forks the workers of the pool.

It has a single thread and no event loop, so it can always fork safely; the command itself may have threads. Forkserver
and workers run in a separate session, so that Ctrl-C and Ctrl-Z reach only the command: a suspended grading would
measure wrong times.

When the command exits for any reason, its socket closes; the forkserver then stops its workers and exits.
"""

import contextlib
import gc
import importlib
import os
import signal
import socket
import time
from collections import deque

from grader.grading.messages import (
    CHUNK_BYTES,
    End,
    Fork,
    Job,
    Lines,
    SessionJob,
    commands_in,
)
from grader.grading.pool_worker import StopWorker, work
from grader.registry import SERVICES

DESCRIPTORS = 16
"""The most descriptors that one message may carry; usually it carries one."""

WARM = (
    "grader.grading.pytest_runner",
    "grader.checks.api",
    *(service.module for service in SERVICES.values()),
)
"""Further modules that workers need; importing them takes as long as importing those above."""

END_S = 10.0
END_POLL_S = 0.02
"""How long workers may take to clean up and exit when the command has gone, and the polling interval."""


def main(control: int) -> None:
    """Run the forkserver, and in each forked process a worker.

    Args:
        control: descriptor of the socket to the command.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    forkserver = Forkserver(socket.socket(fileno=control))
    forked = forkserver.run()
    if forked is not None:
        with contextlib.suppress(StopWorker):
            work(*forked)
    # Nothing is left to clean up, and tearing down the interpreter takes a while.
    os._exit(0)


class Forkserver:
    """Forks workers until the command has gone.

    Args:
        control: the socket to the command.
    """

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._lines = Lines()
        self._descriptors: deque[int] = deque()
        self._workers: dict[int, int] = {}
        self._is_warm = False

    def run(self) -> tuple[Job | SessionJob, socket.socket] | None:
        """Execute commands from the socket.

        Returns:
            in a forked worker, its job and its socket; in the forkserver, None when the command has gone.
        """
        while True:
            data, descriptors, _, _ = socket.recv_fds(self._control, CHUNK_BYTES, DESCRIPTORS)
            if not data:
                self._end_all()
                return None
            self._descriptors += descriptors
            for command in commands_in(self._lines.take(data)):
                self._reap()
                if isinstance(command, End):
                    self._end(command)
                    continue
                forked = self._fork(command)
                if forked is not None:
                    return forked
            self._warm_up()

    def _fork(self, command: Fork) -> tuple[Job | SessionJob, socket.socket] | None:
        if self._workers:
            self._warm_up()
        channel = socket.socket(fileno=self._descriptors.popleft())
        pid = os.fork()
        if pid == 0:
            self._control.close()
            # The copied descriptor would keep another worker's channel open.
            for descriptor in self._descriptors:
                os.close(descriptor)
            return command.job, channel
        channel.close()
        self._workers[command.worker] = pid
        return None

    def _warm_up(self) -> None:
        """Import the modules of `WARM`, but only after the first fork.

        The first worker need not wait for them: it imports them while the solution's launcher starts, as `kata check`
        does.
        """
        if not self._is_warm:
            self._is_warm = True
            for name in WARM:
                importlib.import_module(name)
            gc.freeze()

    def _end(self, command: End) -> None:
        # The pid of an exited worker is not reused before it is reaped, so the signal never hits another process.
        if command.worker in self._workers:
            os.kill(
                self._workers[command.worker], signal.SIGKILL if command.at_once else signal.SIGTERM
            )

    def _reap(self) -> None:
        for worker, pid in list(self._workers.items()):
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._workers[worker]

    def _end_all(self) -> None:
        for worker in list(self._workers):
            self._end(End(worker))
        ends = time.monotonic() + END_S
        while self._workers and time.monotonic() < ends:
            self._reap()
            time.sleep(END_POLL_S)
        for worker in list(self._workers):
            self._end(End(worker, at_once=True))
