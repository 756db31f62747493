"""Signals that end a command, and signals of job control."""

import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import anyio

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
JOB_CONTROL = (signal.SIGTSTP, signal.SIGCONT)


def not_ignored(numbers: Sequence[signal.Signals]) -> list[signal.Signals]:
    """The signals that this process does not ignore: ignored ones stay ignored, as `nohup` needs."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


@contextlib.contextmanager
def restored_handlers() -> Iterator[None]:
    """Restore the handlers of these signals after the block; an event loop that replaces them does not."""
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
    """Collects the signals that end a command.

    Attributes:
        signals: in the order of their arrival.
    """

    def __init__(self) -> None:
        self.signals: list[signal.Signals] = []

    @contextlib.asynccontextmanager
    async def handling(
        self, on_first: Callable[[], None], on_second: Callable[[], None]
    ) -> AsyncIterator[None]:
        """Call a function for each signal that arrives during the block.

        Args:
            on_first: called for the first signal; begins to end the block, like `CancelScope.cancel`.
            on_second: called for every further signal; ends the block without waiting.
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
        """Restore the handlers after the block, and pass a SIGTERM or SIGHUP that arrived on to them."""
        try:
            with restored_handlers():
                yield
        finally:
            for number in self.signals[:1]:
                if number != signal.SIGINT:
                    signal.raise_signal(number)


async def follow_signals(
    end: Callable[[signal.Signals], None], pause: Callable[[], None], go_on: Callable[[], None]
) -> None:
    """Call a function for each signal, until cancelled.

    Args:
        end: called with a signal that ends the watch.
        pause: called on Ctrl-Z; must stop this process with `stop_here`.
        go_on: called when this process continues after a stop, or comes to the foreground.
    """
    with anyio.open_signal_receiver(*not_ignored((*ENDING, *JOB_CONTROL))) as received:
        async for number in received:
            if number in ENDING:
                end(number)
            elif number == signal.SIGTSTP:
                pause()
            else:
                go_on()


def stop_here() -> None:
    """Stop this process as Ctrl-Z does; returns when it continues, or at once if no shell could continue it."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        signal.raise_signal(signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, before)
