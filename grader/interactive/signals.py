"""Signals that end a command, and signals of job control."""

import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import anyio

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
JOB_CONTROL = (signal.SIGTSTP, signal.SIGCONT)


def not_ignored(numbers: Sequence[signal.Signals]) -> list[signal.Signals]:
    """Those signals that this process does not ignore. `nohup` relies on ignored signals staying ignored."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


@contextlib.contextmanager
def restored_handlers() -> Iterator[None]:
    """Restore the signal handlers after the block, because an event loop that replaces them does not."""
    before = {
        number: handler
        for number in (*ENDING, *JOB_CONTROL)
        if (handler := signal.getsignal(number)) is not None
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class EndSignals:
    """Records the signals that end a command, and acts on them.

    Attributes:
        signals: the signals so far, in order of arrival.
    """

    def __init__(self) -> None:
        self.signals: list[signal.Signals] = []

    @contextlib.asynccontextmanager
    async def handling(
        self, on_first: Callable[[], None], on_second: Callable[[], None]
    ) -> AsyncIterator[None]:
        """Call a function for each signal that arrives during the block.

        Args:
            on_first: called for the first signal; should end the block, as `CancelScope.cancel` does.
            on_second: called for each further signal; should end the block without waiting for clean-up.
        """

        async def follow() -> None:
            async for number in received:
                self.signals.append(number)
                (on_first if len(self.signals) == 1 else on_second)()

        with anyio.open_signal_receiver(*not_ignored(ENDING)) as received:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(follow)
                yield
                tasks.cancel_scope.cancel()

    @contextlib.contextmanager
    def restoring(self) -> Iterator[None]:
        """Restore the handlers after the block, and re-raise a first signal that was SIGTERM or SIGHUP."""
        try:
            with restored_handlers():
                yield
        finally:
            for number in self.signals[:1]:
                if number != signal.SIGINT:
                    signal.raise_signal(number)


async def follow_signals(
    end: Callable[[signal.Signals], None], pause: Callable[[], None], resume: Callable[[], None]
) -> None:
    """Call a function for each signal, until cancelled.

    Args:
        end: called with a signal that ends the watch.
        pause: called on Ctrl-Z; must stop this process with `stop_here`.
        resume: called when this process continues after a stop, or comes to the foreground.
    """
    with anyio.open_signal_receiver(*not_ignored((*ENDING, *JOB_CONTROL))) as received:
        async for number in received:
            if number in ENDING:
                end(number)
            elif number == signal.SIGTSTP:
                pause()
            else:
                resume()


def stop_here() -> None:
    """Suspend this process, as Ctrl-Z does. Returns when it is resumed, or at once if no shell could resume it."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        signal.raise_signal(signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, before)
