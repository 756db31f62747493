"""What a watch is told: saves, keys and signals, as messages that wait in one inbox."""

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import anyio

from grader.interactive.watch.file_watcher import FileEvent, Gone, Saved

LIMIT_MESSAGES = 1000
"""How many may wait; more than anyone can press keys."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Pressed:
    """A key was pressed."""

    character: str


@dataclass(frozen=True)
class Signalled:
    """A signal arrived that ends the watch."""

    number: int


Message = FileEvent | Pressed | Signalled


class Inbox:
    """The messages of one watch, in the order of their arrival.

    Attributes:
        is_attending: work is in progress that a message can interrupt.
    """

    def __init__(self) -> None:
        self.is_attending = False
        self._send, self._receive = anyio.create_memory_object_stream[Message](LIMIT_MESSAGES)
        self._postponed: deque[Message] = deque()

    @property
    def has_postponed(self) -> bool:
        """Whether a message waits that arrived during some work, or before the last `collect`."""
        return bool(self._postponed)

    def close(self) -> None:
        """Release the inbox; nothing can be put into it afterwards."""
        self._send.close()
        self._receive.close()

    def put(self, message: Message) -> None:
        """Add a message; drops it if the inbox is full."""
        with suppress(anyio.WouldBlock):
            self._send.send_nowait(message)

    def postpone(self, message: Message) -> None:
        """Keep a message that interrupts nothing until the work in progress is done."""
        self._postponed.append(message)

    def collect(self) -> bool:
        """Take every message that has arrived, and postpone all but saves.

        Returns:
            Whether there was a save. All saves so far count as one, because a grading reads the current files.
        """
        is_saved = False
        with suppress(anyio.WouldBlock):
            while True:
                message = self._receive.receive_nowait()
                if isinstance(message, Saved):
                    is_saved = True
                    self._forget_gone()
                else:
                    self._postponed.append(message)
        return is_saved

    async def next(self) -> Message:
        """The oldest message; waits until there is one."""
        return self._postponed.popleft() if self._postponed else await self._receive.receive()

    async def attend(
        self, work: Callable[[], Awaitable[Result]], interrupts: Callable[[Message], bool]
    ) -> Result | None:
        """Do some work and read messages meanwhile.

        Args:
            work: is cancelled when a message interrupts it.
            interrupts: handles a message; returns whether it interrupts the work.

        Returns:
            The result of the work, or None when a message interrupted it.
        """
        result: Result | None = None
        self.is_attending = True
        try:
            async with anyio.create_task_group() as tasks:

                async def listen() -> None:
                    while not interrupts(await self._receive.receive()):
                        pass
                    tasks.cancel_scope.cancel()

                tasks.start_soon(listen)
                result = await work()
                tasks.cancel_scope.cancel()
        finally:
            self.is_attending = False
        return result

    def _forget_gone(self) -> None:
        """A save says that the file is back, so an earlier message about its loss is out of date."""
        self._postponed = deque(
            message for message in self._postponed if not isinstance(message, Gone)
        )
