"""Tells, from inside, where the event loop stood still. Explains verdicts and never makes one.

A heartbeat on the loop winds up `faulthandler`'s watchdog again and again. A loop that misses the beat lets it go off:
a thread in C writes the stacks of all Python threads to a pipe, again and again until the loop beats, even while some C
code holds the GIL. Lines that this module adds: `main THREAD` once, and `resumed SECONDS` at the beat after a stall.
"""

import asyncio
import contextlib
import faulthandler
import os
import threading
import time

BEAT_S = 0.05
"""Period of the heartbeat. Winding up the watchdog starts a thread, about 0.1 ms, so this costs well under 1 %."""

LATE_S = 0.1
"""A loop that does not beat for so long is standing still; also the period of the dumps while it does."""


class Watchdog:
    """Watches the running loop of the calling thread.

    Args:
        descriptor: writing end of a pipe. It does not block: what the reader is too slow for is lost.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._last = time.monotonic()
        self._write(f"main {threading.get_ident():#x}")

    def beat(self) -> None:
        """One heartbeat; arranges for the next."""
        now = time.monotonic()
        late_s = now - self._last
        self._last = now
        if late_s > LATE_S:
            self._write(f"resumed {late_s:.4f}")
        faulthandler.dump_traceback_later(LATE_S, repeat=True, file=self._descriptor)
        asyncio.get_running_loop().call_later(BEAT_S, self.beat)

    def stop(self) -> None:
        """Stop watching: what a shutdown blocks on is another matter."""
        faulthandler.cancel_dump_traceback_later()

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._descriptor, f"{line}\n".encode())
