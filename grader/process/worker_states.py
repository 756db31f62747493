"""The states of a server's worker processes, and waiting for a change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import anyio

from grader.measure.gates import Signal


@dataclass
class WorkerStates:
    """What the launcher and the workers have reported so far.

    Attributes:
        pids: of the live workers.
        others: pids of all other processes that descend from the server's keeper.
        exit_codes: of the workers that have exited, in that order.
        killed: how many of them have exited because the grader killed them.
        ready: how many workers have reported that they accept connections.
        down: how many workers have reported that their application has shut down.
        forked: whether the pids of the workers are known.
        gone: whether all processes of the server have exited, including children.
    """

    pids: list[int] = field(default_factory=list)
    others: tuple[int, ...] = ()
    exit_codes: list[int] = field(default_factory=list)
    killed: int = 0
    ready: int = 0
    down: int = 0
    forked: bool = False
    gone: bool = False
    _changed: Signal = field(default_factory=Signal)

    def change(self) -> None:
        """Make all tasks in `until` check their conditions again."""
        self._changed.set()

    def take_status(self, words: bytes) -> None:
        """Handle data from the workers' status socket."""
        self.ready += words.count(b"ready")
        self.down += words.count(b"down")
        self.change()

    def have_started(self, workers: int) -> bool:
        """Whether all of this many workers are ready and their pids known, or one of them has exited.

        Workers report that they are ready on a socket of their own, which may be sooner than the launcher's report of
        their pids. Without pids the grader could neither measure nor pause them.
        """
        return bool(self.exit_codes) or (self.forked and self.ready >= workers)

    def have_shut_down(self, workers: int) -> bool:
        """Whether each of this many workers has shut down or exited and at least one lingers, or all are gone."""
        exited = len(self.exit_codes)
        return self.gone or (exited < workers <= self.down + exited)

    async def until(self, condition: Callable[[Self], bool], timeout_s: float) -> bool:
        """Wait until this condition is true; returns False on a timeout."""
        with anyio.move_on_after(timeout_s):
            while not condition(self):
                await self._changed.wait()
            return True
        return False
