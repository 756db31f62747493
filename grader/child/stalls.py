"""Reports, from inside the solution's process, where the event loop is blocked and where its tasks wait.

The reports explain verdicts and never decide one.

A heartbeat runs on the loop, and a thread watches it. When the heartbeat is late, the thread reports which line the
loop is executing. The thread holds the GIL while it reads frames, so it cannot harm the solution; `faulthandler`, which
does not need the GIL, crashed busy processes (docs/decisions/0006-stalls.md). C code that holds the GIL is reported
once it releases it.

Lines on the pipe::

    at BEAT SECONDS LINE FUNCTION FILE  since this beat the loop has been blocked for this long, now here; at each poll
    resumed BEAT SECONDS                at the first beat after a stall, or after a wait for a core that looked like one
    waiting COUNT LINE FUNCTION FILE    this many tasks wait here; when the grader asks

BEAT is the number of the last beat before the stall. Two threads write, so a report of a stall can follow its end.
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
from typing import Any, NamedTuple

BEAT_S = 0.05
"""Period of the heartbeat, and polling interval of the thread."""

LATE_S = 0.1
"""A loop counts as blocked after this long without a heartbeat."""

PLACES = 20
"""Maximum number of places of waiting tasks to report."""

Place = tuple[str, int, str]
"""File, line and function."""


class Beat(NamedTuple):
    """A heartbeat.

    Attributes:
        waited_s: how long the loop's thread had waited for a core by then.
    """

    number: int
    at_s: float
    waited_s: float


class CoreWaits:
    """How long the calling thread has been ready to run but had no core: a loop that has no core is not blocked.

    Where the system does not report it (macOS), the waits count as 0.
    """

    def __init__(self) -> None:
        self._file = f"/proc/self/task/{threading.get_native_id()}/schedstat"

    def total_s(self) -> float:
        """Seconds since the thread began."""
        try:
            with open(self._file, "rb") as file:
                return int(file.read().split()[1]) / 1e9
        except (OSError, ValueError, IndexError):
            return 0.0


def running_place(frame: FrameType | None, folder: str) -> Place | None:
    """The innermost frame of a running thread in this folder; None if there is none."""
    while frame is not None and not frame.f_code.co_filename.startswith(folder):
        frame = frame.f_back
    return (
        None if frame is None else (frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name)
    )


def waiting_place(task: "asyncio.Task[Any]", folder: str) -> Place | None:
    """The innermost frame of a suspended task in this folder; None if there is none."""
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
    """Watches the event loop of the calling thread.

    Args:
        descriptor: write end of a pipe, which becomes non-blocking: if the reader is too slow, lines are lost.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._folder = f"{Path.cwd()}{os.sep}"
        self._watched = threading.get_ident()
        self._waits = CoreWaits()
        self._last: Beat | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Start watching; call it on the loop."""
        self._beat()  # first, because the thread ends when it finds no beat
        threading.Thread(target=self._watch, name="kata-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop watching, so that blocking during the shutdown is not reported."""
        self._last = None
        if self._timer is not None:
            self._timer.cancel()

    def report_tasks(self) -> None:
        """Report where the loop's tasks wait in files of the working folder."""
        places = Counter(
            place
            for task in asyncio.all_tasks()
            if (place := waiting_place(task, self._folder)) is not None
        )
        for (file, line, function), count in places.most_common(PLACES):
            self._write(f"waiting {count} {line} {function} {file}")

    def _beat(self) -> None:
        last, late_s = self._last, self._late_s(self._last)
        # The waits are read first, so that a pause between the two readings is not taken for a stall.
        waited_s, now_s = self._waits.total_s(), time.monotonic()
        self._last = Beat(0 if last is None else last.number + 1, now_s, waited_s)
        # Waits for a core count here: the thread may have reported a stall before it knew of the last of them.
        if last is not None and now_s - last.at_s > LATE_S:
            self._write(f"resumed {last.number} {max(0.0, late_s):.4f}")
        self._timer = asyncio.get_running_loop().call_later(BEAT_S, self._beat)

    def _watch(self) -> None:
        while True:
            time.sleep(BEAT_S)
            last = self._last
            if last is None:
                return
            if time.monotonic() - last.at_s <= LATE_S:
                continue
            # Before any call that releases the GIL, for which C code may have made this thread wait.
            place = running_place(sys._current_frames().get(self._watched), self._folder)
            late_s = self._late_s(last)
            if late_s > LATE_S and place is not None:
                self._write("at {4} {3:.4f} {1} {2} {0}".format(*place, late_s, last.number))

    def _late_s(self, last: Beat | None) -> float:
        """Seconds since this beat, without those in which the loop's thread waited for a core."""
        if last is None:
            return 0.0
        return time.monotonic() - last.at_s - (self._waits.total_s() - last.waited_s)

    def _write(self, line: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._descriptor, f"{line}\n".encode())
