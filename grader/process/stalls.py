"""Turns the reports of `grader.child.stalls` into evidence."""

import contextlib
from collections import Counter
from pathlib import Path

from grader.evidence.server import Frame, Stall, WaitingTask
from grader.measure.attempt import AttemptContext

LIMIT_BYTES = 4 * 1024 * 1024
"""Maximum size of one worker's reports; the rest is ignored."""

STALLS_KEPT = 500
PLACES_KEPT = 500
WAITING_KEPT = 100
SOURCE_CHARS = 200
FILE_BYTES = 1024 * 1024
"""Source lines of larger files are not shown."""

LONGEST_S = 3600.0
"""Reports of longer stalls are ignored."""


class StallReader:
    """Turns the reports of one worker into evidence.

    Args:
        folder: the solution's folder; only frames in it count.
        attempt: records the stalls and waiting tasks.
    """

    def __init__(self, folder: Path, attempt: AttemptContext) -> None:
        self._folder = folder
        self._attempt = attempt
        self._rest = b""
        self._read_bytes = 0
        self._places: Counter[tuple[str, int, str]] = Counter()
        self._lines: dict[str, list[str]] = {}
        self._began_s: float | None = None
        self._ended = -1
        self._unexplained_s: float | None = None

    def add(self, data: bytes) -> None:
        """Handle a chunk from the pipe."""
        self._read_bytes += len(data)
        if self._read_bytes > LIMIT_BYTES:
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            # The solution can write to this pipe, too, so invalid lines are not an error.
            with contextlib.suppress(ValueError):
                self._take(line.decode(errors="replace"))

    def finish(self) -> None:
        """Record a stall that has not ended yet."""
        if self._began_s is not None:
            self._note(self._attempt.clock.now() - self._began_s)

    def _take(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word == "at":
            self._take_place(rest)
        elif word == "resumed":
            self._take_end(rest)
        elif word == "waiting":
            self._note_waiting(rest)

    def _take_place(self, rest: str) -> None:
        """Handle a place where the loop is blocked. It may come after the end of that stall, which it then explains."""
        said, late_s, number, function, file = rest.split(" ", 4)
        beat, place = _whole(said), (self._name(file), _whole(number), function)
        is_over = beat <= self._ended
        if is_over and (beat < self._ended or self._unexplained_s is None):
            return
        if self._began_s is None:
            self._began_s = self._attempt.clock.now() - _seconds(late_s)
        if len(self._places) < PLACES_KEPT:
            self._places[place] += 1
        if is_over and self._unexplained_s is not None:
            self._note(self._unexplained_s)
            self._unexplained_s = None

    def _take_end(self, rest: str) -> None:
        said, late_s = rest.split(" ")
        beat, duration_s = _whole(said), _seconds(late_s)
        if beat <= self._ended:
            return
        self._ended = beat
        self._unexplained_s = None if self._places else duration_s
        self._note(duration_s)

    def _note_waiting(self, rest: str) -> None:
        if len(self._attempt.recorder.waiting) >= WAITING_KEPT:
            return
        count, line, function, file = rest.split(" ", 3)
        name = self._name(file)
        frame = Frame(
            file=name,
            line=_whole(line),
            function=function,
            source=self._source(name, _whole(line)),
        )
        self._attempt.recorder.add(WaitingTask(frame=frame, count=_whole(count)))

    def _name(self, file: str) -> str:
        """The file's path within the solution's folder.

        Raises:
            ValueError: it is outside of that folder.
        """
        path = Path(file)
        if ".." in path.parts or "\0" in file:
            raise ValueError(file)
        return str(path.relative_to(self._folder))

    def _note(self, duration_s: float) -> None:
        if self._places and len(self._attempt.recorder.stalls) < STALLS_KEPT:
            (file, line, function), _ = self._places.most_common(1)[0]
            frame = Frame(file=file, line=line, function=function, source=self._source(file, line))
            at_s = self._attempt.clock.now() - duration_s
            self._attempt.recorder.add(
                Stall(at_s=max(0.0, at_s), duration_s=duration_s, frame=frame)
            )
        self._places.clear()
        self._began_s = None

    def _source(self, file: str, line: int) -> str:
        """One source line, from the copy of the solution, which contains only regular files."""
        if file not in self._lines:
            self._lines[file] = self._read(self._folder / file)
        lines = self._lines[file]
        return lines[line - 1].strip()[:SOURCE_CHARS] if 0 < line <= len(lines) else ""

    def _read(self, path: Path) -> list[str]:
        try:
            if (
                len(self._lines) >= PLACES_KEPT
                or not path.is_file()
                or path.stat().st_size > FILE_BYTES
            ):
                return []
            return path.read_text(errors="replace").split("\n")
        except OSError:
            return []


def _seconds(text: str) -> float:
    """Parse a duration.

    Raises:
        ValueError: it is not one.
    """
    value = float(text)
    if not 0 <= value <= LONGEST_S:  # also true for NaN
        raise ValueError(text)
    return value


def _whole(text: str) -> int:
    """Parse a number of a beat or line, or a count.

    Raises:
        ValueError: it is none.
    """
    value = int(text)
    if not 0 <= value < 10**9:
        raise ValueError(text)
    return value
