"""Keeps a bounded part of a solution's output, and finds the traceback that explains a crash."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from grader.evidence.server import Crash, Frame

HEAD_BYTES = 16 * 1024
TAIL_BYTES = 48 * 1024
"""The first 16 KiB and the last 48 KiB are kept; a crash's traceback is at the end."""

FRAMES_KEPT = 5
LINE_CHARS = 2000
"""Only this much of each line is searched."""

_TRACEBACK = re.compile(r"(?:^|[\s|+])(?:Exception Group )?Traceback \(most recent call last\):$")
_FRAME = re.compile(r'^[\s|]*File "(?P<file>[^"]+)", line (?P<line>\d+)(?:, in (?P<function>.+))?$')
_ERROR = re.compile(r"^[\s|]*(?P<type>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?$")
_MARKS = re.compile(r"^[\s|]*[\^~][\s\^~]*$")


class Output:
    """The head and the tail of a solution's output."""

    def __init__(self) -> None:
        self.size_bytes = 0
        self._head = bytearray()
        self._tail = bytearray()

    def add(self, data: bytes) -> None:
        """Add a chunk: the head fills first, then the tail keeps the latest bytes."""
        self.size_bytes += len(data)
        free = max(0, HEAD_BYTES - len(self._head))
        self._head += data[:free]
        self._tail += data[free:]
        del self._tail[:-TAIL_BYTES]

    def text(self) -> str:
        """Head and tail, with a line between them that says how many bytes were left out."""
        missing = self.size_bytes - len(self._head) - len(self._tail)
        if not missing:
            return (self._head + self._tail).decode(errors="replace")
        return (
            f"{self._head.decode(errors='replace')}\n… "
            f"{missing} bytes left "
            f"out …\n{self._tail.decode(errors='replace')}"
        )


def json_objects(log: str) -> Iterator[dict[str, Any]]:
    """The JSON objects in a log with one per line; other lines are skipped."""
    for line in log.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            value = json.loads(line)
            if isinstance(value, dict):
                yield value


def find_crash(log: str, folder: Path, phase: str) -> Crash | None:
    """The last traceback in a log, with its frames in this folder; None if there is no traceback.

    Args:
        log: the solution's output.
        folder: where the solution ran; frames show names relative to it.
        phase: `start` or `load`, for the record.
    """
    lines = [line[:LINE_CHARS] for line in log.splitlines()]
    starts = [i for i, line in enumerate(lines) if _TRACEBACK.search(line)]
    if not starts:
        return None
    rest = lines[starts[-1] + 1 :]
    frames = tuple(_frames(rest, folder))[-FRAMES_KEPT:]
    for line in rest:
        error = _ERROR.match(line)
        if error and not line.startswith("  ") and not _FRAME.match(line):
            return Crash(
                phase=phase,
                type=error["type"],
                message=(error["message"] or "")[:500],
                frames=frames,
            )
    return Crash(phase=phase, type="Traceback", message="", frames=frames)


def _frames(lines: list[str], folder: Path) -> Iterator[Frame]:
    for i, line in enumerate(lines):
        found = _FRAME.match(line)
        if not found:
            continue
        path = Path(found["file"])
        if not path.is_relative_to(folder):
            continue
        following = lines[i + 1] if i + 1 < len(lines) else ""
        source = "" if _FRAME.match(following) or _MARKS.match(following) else following.strip(" |")
        yield Frame(
            file=str(path.relative_to(folder)),
            line=int(found["line"]),
            function=found["function"] or "",
            source=source[:200],
        )
