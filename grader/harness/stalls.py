"""Reads what `grader.child.stalls` writes, and makes evidence of it."""

import contextlib
from collections import Counter
from pathlib import Path

from grader.evidence.model import Frame, Stall, WaitingTask
from grader.harness.recorder import Recorder

LIMIT_BYTES = 4 * 1024 * 1024
"""Of one worker; what comes after that is not read."""

STALLS_KEPT = 500
SOURCE_CHARS = 200


class StallReader:
    """Makes evidence of the stalls of one worker.

    Args:
        folder: where the solution runs; its frames are what is looked for.
        recorder: of the attempt.
    """

    def __init__(self, folder: Path, recorder: Recorder) -> None:
        self._folder = folder
        self._recorder = recorder
        self._rest = b""
        self._read_bytes = 0
        self._places: Counter[tuple[str, int, str]] = Counter()
        self._began_s: float | None = None

    def add(self, data: bytes) -> None:
        """Take in what came through the pipe."""
        self._read_bytes += len(data)
        if self._read_bytes > LIMIT_BYTES:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            # The pipe is the solution's to write to as well: nonsense on it is no error.
            with contextlib.suppress(ValueError):
                self._take(line.decode(errors="replace"))

    def finish(self) -> None:
        """End a stall that is still going on."""
        if self._began_s is not None:
            self._note(self._recorder.clock.now() - self._began_s)

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "at":
            late_s, number, function, file = rest.split(" ", 3)
            if self._began_s is None:
                self._began_s = self._recorder.clock.now() - float(late_s)
            self._places[self._name(file), int(number), function] += 1
        elif word == "resumed":
            self._note(float(rest))
        elif word == "waiting":
            self._note_waiting(rest)

    def _note_waiting(self, rest: str) -> None:
        count, line, function, file = rest.split(" ", 3)
        name = self._name(file)
        frame = Frame(file=name, line=int(line), function=function, source=self._source(name, int(line)))
        self._recorder.waiting.append(WaitingTask(frame=frame, count=int(count)))

    def _name(self, file: str) -> str:
        """The file's name below the solution's folder.

        Raises:
            ValueError: it lies elsewhere.
        """
        return str(Path(file).relative_to(self._folder))

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
