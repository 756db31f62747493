"""What is known of the state of a server's worker processes, and waiting for it to change."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import anyio

from grader.measure.gates import Signal


@dataclass
class WorkerStates:
    """What the launcher and the workers have reported so far.

    Attributes:
        pids: of the workers that are alive.
        exit_codes: of those that have exited, in that order.
        ready: how many have said that they accept connections.
        down: how many have said that their application has shut down.
        gone: whether nothing is left of the server, children included.
    """

    pids: list[int] = field(default_factory=list)
    exit_codes: list[int] = field(default_factory=list)
    ready: int = 0
    down: int = 0
    gone: bool = False
    _changed: Signal = field(default_factory=Signal)

    def change(self) -> None:
        """Wake all tasks that wait in `until`, to look again."""
        self._changed.set()

    def take_words(self, words: bytes) -> None:
        """Take in what workers wrote to their status socket."""
        self.ready += words.count(b"ready")
        self.down += words.count(b"down")
        self.change()

    def have_shut_down(self, workers: int) -> bool:
        """Whether all of so many workers have shut down and linger, or nothing is left of any."""
        exited = len(self.exit_codes)
        return self.gone or (exited < workers <= self.down + exited)

    async def until(self, condition: Callable[[Self], bool], timeout_s: float) -> bool:
        """Wait until this condition is true; False when the time is over first."""
        with anyio.move_on_after(timeout_s):
            while not condition(self):
                await self._changed.wait()
            return True
        return False
