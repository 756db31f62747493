"""Reports, from inside the solution's process, where the event loop is blocked and what its tasks wait for.

This explains verdicts and never makes one.

A heartbeat runs on the loop, and a thread watches it. When the heartbeat is late, the thread reports where the loop's
thread is. It reads frames while it holds the GIL, which cannot harm the solution; `faulthandler`, which does not need
the GIL, crashed busy processes (docs/decisions/0006-stalls.md). C code that keeps the GIL is seen when it releases it.

Lines on the pipe::

    at SECONDS LINE FUNCTION FILE     the loop has been blocked this long, at this place; at each poll
    resumed SECONDS                   at the first beat after a stall
    waiting COUNT LINE FUNCTION FILE  this many tasks wait at this place; when the grader asks
"""

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

BEAT_S = 0.05
"""Period of the heartbeat, and polling interval of the thread."""

LATE_S = 0.1
"""A loop without a beat for this long is blocked."""

PLACES = 20
"""The most places of waiting tasks that are reported."""

Place = tuple[str, int, str]
"""File, line and function."""


def running_place(frame: FrameType | None, folder: str) -> Place | None:
    """The innermost frame of a running thread that lies in a folder."""
    while frame is not None and not frame.f_code.co_filename.startswith(folder):
        frame = frame.f_back
    return (
        None if frame is None else (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
    )


def waiting_place(task: "asyncio.Task[Any]", folder: str) -> Place | None:
    """The innermost frame of a suspended task that lies in a folder."""
    place = None
    awaited: Any = task.get_coro()
    while awaited is not None:
        kind = next(
            (kind for kind in ("cr", "gi", "ag") if hasattr(awaited, f"{kind}_frame")), None
        )
        if kind is None:
            break
        frame = getattr(awaited, f"{kind}_frame")
        if frame is not None and frame.f_code.co_filename.startswith(folder):
            place = frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name
        awaited = getattr(awaited, {"cr": "cr_await", "gi": "gi_yieldfrom", "ag": "ag_await"}[kind])
    return place


class Watchdog:
    """Watches the running loop of the calling thread.

    Args:
        descriptor: writing end of a pipe. It does not block: if the reader is too slow, lines are lost.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._folder = f"{Path.cwd()}{os.sep}"
        self._watched = threading.get_ident()
        self._last: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start watching; call it on the loop."""
        threading.Thread(target=self._look, name="kata-watchdog", daemon=True).start()
        self._beat()

    def stop(self) -> None:
        """Stop watching; blocking during the shutdown is not reported."""
        self._last = None
        if self._timer is not None:
            self._timer.cancel()

    def report_tasks(self) -> None:
        """Report where in the files of the working folder the loop's tasks wait."""
        places = Counter(
            place
            for task in asyncio.all_tasks()
            if (place := waiting_place(task, self._folder)) is not None
        )
        for (file, line, function), count in places.most_common(PLACES):
            self._write(f"waiting {count} {line} {function} {file}")

    def _beat(self) -> None:
        now = time.monotonic()
        late_s = now - (self._last or now)
        self._last = now
        if late_s > LATE_S:
            self._write(f"resumed {late_s:.4f}")
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def _look(self) -> None:
        while True:
            time.sleep(BEAT_S)
            last = self._last
            if last is None:
                return
            late_s = time.monotonic() - last
            if late_s > LATE_S:
                place = running_place(sys._current_frames().get(self._watched), self._folder)
                if place is not None:
                    self._write("at {3:.4f} {1} {2} {0}".format(*place, late_s))

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._descriptor, f"{line}\n".encode())
