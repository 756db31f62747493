"""Messages to a watch (saves, keys, signals) and the inbox where they wait."""

from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

import anyio

from grader.interactive.watch.file_watcher import FileEvent, Gone, Saved

LIMIT_MESSAGES = 1000
"""Capacity of an inbox; far more than the keys that anyone presses during a grading."""

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
    """The messages of one watch, in order of arrival.

    Attributes:
        is_attending: whether interruptible work is in progress.
    """

    def __init__(self) -> None:
        self.is_attending = False
        self._send, self._receive = anyio.create_memory_object_stream[Message](LIMIT_MESSAGES)
        self._postponed: deque[Message] = deque()

    @property
    def has_postponed(self) -> bool:
        """Whether a postponed message is waiting."""
        return bool(self._postponed)

    def close(self) -> None:
        """Close the inbox; it accepts no further messages."""
        self._send.close()
        self._receive.close()

    def put(self, message: Message) -> None:
        """Add a message; drops it if the inbox is full."""
        with suppress(anyio.WouldBlock):
            self._send.send_nowait(message)

    def postpone(self, message: Message) -> None:
        """Keep a message until the work in progress is done."""
        self._postponed.append(message)

    def collect(self) -> bool:
        """Take all messages that have arrived, and postpone all except saves.

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
        """Wait for the oldest message."""
        return self._postponed.popleft() if self._postponed else await self._receive.receive()

    async def attend(
        self, work: Callable[[], Awaitable[Result]], interrupts: Callable[[Message], bool]
    ) -> Result | None:
        """Do some work, and read messages meanwhile.

        Args:
            work: cancelled when a message interrupts it.
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
        """Drop messages that the file is gone, because a later save means that it is back."""
        self._postponed = deque(
            message for message in self._postponed if not isinstance(message, Gone)
        )
