"""Signals that end a command, and those of job control."""

import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import anyio

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
JOB_CONTROL = (signal.SIGTSTP, signal.SIGCONT)


def not_ignored(numbers: Sequence[signal.Signals]) -> list[signal.Signals]:
    """Signals that are ignored stay so, as `nohup` wants it."""
    return [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]


@contextlib.contextmanager
def kept_handlers() -> Iterator[None]:
    """Afterwards these signals are handled as they were; an event loop that handled them forgets how that was."""
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


class Ending:
    """What has ended a command.

    Attributes:
        signals: those that have come, in their order.
    """

    def __init__(self) -> None:
        self.signals: list[signal.Signals] = []

    @contextlib.asynccontextmanager
    async def ends(
        self, on_first: Callable[[], None], on_second: Callable[[], None]
    ) -> AsyncIterator[None]:
        """Meanwhile the first signal calls the one function, every further one the other.

        Args:
            on_first: begins to end the block, such as `CancelScope.cancel`.
            on_second: for somebody who cannot wait.
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
    def kept(self) -> Iterator[None]:
        """Afterwards signals are handled as they were, and a SIGTERM that has come goes on to who handled it before."""
        try:
            with kept_handlers():
                yield
        finally:
            for number in self.signals[:1]:
                if number != signal.SIGINT:
                    signal.raise_signal(number)


async def follow_signals(
    end: Callable[[signal.Signals], None], pause: Callable[[], None], go_on: Callable[[], None]
) -> None:
    """Call what a signal is for, until this is cancelled.

    Args:
        end: called with a signal that ends the watch.
        pause: called on Ctrl-Z; is to stop this process with `stop_here`.
        go_on: called when this process goes on after it was stopped, or is brought to the foreground.
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
    """Stop this process as Ctrl-Z does; returns when it goes on. The system refuses where nobody could let it go on."""
    before = signal.signal(signal.SIGTSTP, signal.SIG_DFL)
    try:
        signal.raise_signal(signal.SIGTSTP)
    finally:
        signal.signal(signal.SIGTSTP, before)
