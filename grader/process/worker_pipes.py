"""The pipes of a server's workers: output, stalls of their event loops, and status."""

import contextlib
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import anyio

from grader.measure.attempt import AttemptContext
from grader.process.pipe import PipeReader
from grader.process.stalls import StallReader
from grader.process.worker_states import WorkerStates


class WorkerPipes:
    """Both ends of all pipes of one server.

    Args:
        folder: the solution's folder.
        attempt: records their stalls.
        states: updated from the workers' status socket.
        take_output: called with each chunk of output.
    """

    def __init__(
        self,
        folder: Path,
        attempt: AttemptContext,
        states: WorkerStates,
        take_output: Callable[[bytes], None],
    ) -> None:
        self._folder = folder
        self._attempt = attempt
        self._states = states
        log, self._their_log = os.pipe()
        self.log = PipeReader(log, take_output)
        self._pipes = [self.log]
        self._stalls: list[StallReader] = []
        self._status, self._their_status = socket.socketpair()
        self._status.setblocking(False)

    @contextlib.contextmanager
    def for_workers(self, count: int) -> Iterator[list[int]]:
        """The write ends for the workers: a pipe for stalls each, then log and status; closed afterwards."""
        stalls = [os.pipe() for _ in range(count)]
        self._stalls = [StallReader(self._folder, self._attempt) for _ in stalls]
        self._pipes += [
            PipeReader(read, reader.add)
            for (read, _), reader in zip(stalls, self._stalls, strict=True)
        ]
        writing = [write for _, write in stalls] + [self._their_log]
        try:
            yield [*writing, self._their_status.fileno()]
        finally:
            for descriptor in writing:
                os.close(descriptor)
            self._their_status.close()

    @property
    def followers(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Functions that read the pipes; each must run in a background task."""
        return (*(pipe.follow for pipe in self._pipes), self._follow_status)

    def ask_for_tasks(self, workers: int) -> None:
        """Ask this many workers to report where their tasks wait; a blocked event loop does not answer."""
        with contextlib.suppress(OSError):
            self._status.send(b"tasks\n" * workers)

    def close(self) -> None:
        """Read what is left in the pipes and close all descriptors, once no follower runs any more."""
        for pipe in self._pipes:
            pipe.close()
        for reader in self._stalls:
            reader.finish()
        self._status.close()
        self._their_status.close()

    async def _follow_status(self) -> None:
        while True:
            await anyio.wait_readable(self._status)
            try:
                words = self._status.recv(4096)
            except ConnectionResetError:  # the process exited before it read our request
                return
            if not words:
                return
            self._states.take_status(words)
