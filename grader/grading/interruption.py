"""Ctrl-C and SIGTERM while checks run."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextlib.contextmanager
def signals_interrupt(interrupt: Callable[[], None]) -> Iterator[None]:
    """On Ctrl-C or SIGTERM, interrupt the running check cleanly; SIGTERM then goes to the previous handler.

    Outside of the main thread, where handlers cannot be set, this does nothing.

    Args:
        interrupt: called from the signal handler; must not raise.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        interrupt()

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if signal.SIGTERM in seen:
            signal.raise_signal(signal.SIGTERM)
