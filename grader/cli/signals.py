"""Signals of a watch: those that end it, and those of job control."""

import contextlib
import signal
from collections.abc import Callable, Iterator

import anyio

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
JOB_CONTROL = (signal.SIGTSTP, signal.SIGCONT)


@contextlib.contextmanager
def kept_handlers() -> Iterator[None]:
    """Afterwards these signals are handled as they were; an event loop that handled them forgets how that was."""
    before = {number: signal.getsignal(number) for number in (*ENDING, *JOB_CONTROL)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def follow_signals(end: Callable[[signal.Signals], None], pause: Callable[[], None], go_on: Callable[[], None]) -> None:
    """Call what a signal is for, until this is cancelled. Signals that are ignored stay so, as `nohup` wants it.

    Args:
        end: called with a signal that ends the watch.
        pause: called on Ctrl-Z; is to stop this process with `stop_here`.
        go_on: called when this process goes on after it was stopped, or is brought to the foreground.
    """
    wanted = [number for number in (*ENDING, *JOB_CONTROL) if signal.getsignal(number) is not signal.SIG_IGN]
    with anyio.open_signal_receiver(*wanted) as received:
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
