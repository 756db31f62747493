"""Ctrl-C and SIGTERM for commands that run until they are ended."""

import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator

import anyio

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Ending:
    """What has ended a command.

    Attributes:
        signals: those that have come, in their order.
    """

    def __init__(self) -> None:
        self.signals: list[signal.Signals] = []

    @contextlib.asynccontextmanager
    async def ends(self, on_first: Callable[[], None], on_second: Callable[[], None]) -> AsyncIterator[None]:
        """Meanwhile the first signal calls the one function, every further one the other.

        Args:
            on_first: begins to end the block, such as `CancelScope.cancel`.
            on_second: for somebody who cannot wait.
        """

        async def follow() -> None:
            async for number in received:
                self.signals.append(number)
                (on_first if len(self.signals) == 1 else on_second)()

        # Signals that are ignored stay so, as `nohup` wants it.
        wanted = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
        with anyio.open_signal_receiver(*wanted) as received:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(follow)
                yield
                tasks.cancel_scope.cancel()

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Afterwards signals are handled as they were, and a SIGTERM that has come goes on to who handled it before.

        An event loop that handles signals forgets who did before.
        """
        before = {number: handler for number in ENDING if (handler := signal.getsignal(number)) is not None}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            for number in self.signals[:1]:
                if number != signal.SIGINT:
                    signal.raise_signal(number)
