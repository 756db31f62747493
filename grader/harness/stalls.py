"""Reads what `grader.child.stalls` writes, and makes evidence of it."""

import os
import re
from collections import Counter
from pathlib import Path

import anyio

from grader.evidence.model import Frame, Stall
from grader.harness.recorder import Recorder

CHUNK_BYTES = 16 * 1024
LIMIT_BYTES = 4 * 1024 * 1024
"""Of one worker; what comes after that is not read."""

STALLS_KEPT = 500
SOURCE_CHARS = 200

_THREAD = re.compile(r"^(?:Current thread|Thread) (?P<id>0x[0-9a-f]+)")
_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)$')


class StallReader:
    """Follows the stalls of one worker.

    Args:
        descriptor: reading end of the worker's pipe; owned and closed by this object.
        folder: where the solution runs; its frames are what is looked for.
        recorder: of the attempt.
    """

    def __init__(self, descriptor: int, folder: Path, recorder: Recorder) -> None:
        self._descriptor = descriptor
        self._folder = folder
        self._recorder = recorder
        self._rest = b""
        self._read_bytes = 0
        self._main = -1
        self._in_main = False
        self._found_in_dump = False
        self._places: Counter[tuple[str, int, str]] = Counter()
        self._began_s: float | None = None
        os.set_blocking(descriptor, False)

    async def follow(self) -> None:
        """Read until the pipe closes or the task is cancelled."""
        while True:
            await anyio.wait_readable(self._descriptor)
            if not self._read():
                return

    def close(self) -> None:
        """Read what is there already, end a stall that is still going on, and close the pipe."""
        while self._read():
            pass
        os.close(self._descriptor)
        if self._began_s is not None:
            self._note(self._recorder.clock.now() - self._began_s)

    def _read(self) -> bool:
        try:
            data = os.read(self._descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return False
        self._read_bytes += len(data)
        if not data or self._read_bytes > LIMIT_BYTES:
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line.decode(errors="replace"))
        return True

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "main":
            self._main = int(rest, 16)
        elif word == "Timeout":
            self._in_main = self._found_in_dump = False
            if self._began_s is None:
                self._began_s = self._recorder.clock.now()
        elif word == "resumed":
            self._note(float(rest))
        elif thread := _THREAD.match(line):
            self._in_main = int(thread["id"], 16) == self._main
        elif self._in_main and not self._found_in_dump and (frame := _FRAME.match(line)):
            path = Path(frame["file"])
            if path.is_relative_to(self._folder):
                self._found_in_dump = True
                self._places[str(path.relative_to(self._folder)), int(frame["line"]), frame["function"]] += 1

    def _note(self, duration_s: float) -> None:
        if self._places and len(self._recorder.stalls) < STALLS_KEPT:
            (file, line, function), _ = self._places.most_common(1)[0]
            frame = Frame(file=file, line=line, function=function, source=self._source(file, line))
            at_s = self._recorder.clock.now() - duration_s
            self._recorder.stalls.append(Stall(at_s=max(0.0, at_s), duration_s=duration_s, frame=frame))
        self._places.clear()
        self._began_s = None

    def _source(self, file: str, line: int) -> str:
        try:
            return (self._folder / file).read_text(errors="replace").splitlines()[line - 1].strip()[:SOURCE_CHARS]
        except (OSError, IndexError):
            return ""
