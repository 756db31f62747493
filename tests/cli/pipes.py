"""Reading what a command prints while it runs, with a deadline."""

import contextlib
import os
import select
import time
from typing import IO

from tests.waiting import HANG_S

CHUNK_BYTES = 65536


class Hung(AssertionError):
    """Nothing more came before the deadline."""


def read_chunk(descriptor: int, deadline_s: float) -> bytes:
    """Read what is there or comes next from a pipe or terminal.

    Args:
        descriptor: where to read.
        deadline_s: a time of `time.monotonic`.

    Returns:
        Empty when the other end is closed.

    Raises:
        Hung: nothing came before the deadline.
    """
    if not select.select([descriptor], [], [], max(0.0, deadline_s - time.monotonic()))[0]:
        raise Hung
    with contextlib.suppress(OSError):  # a terminal whose other end is closed
        return os.read(descriptor, CHUNK_BYTES)
    return b""


class PipeLines:
    """The lines that a process writes to a pipe.

    Args:
        pipe: the reading end, in binary mode; nothing else may read it.
    """

    def __init__(self, pipe: IO[bytes] | None) -> None:
        assert pipe is not None
        self._pipe = pipe
        self._unread = b""

    def until(self, text: str) -> str:
        """Read until a line contains this text; returns all lines read since the last call."""
        deadline_s = time.monotonic() + HANG_S
        seen = ""
        while text not in seen:
            while b"\n" not in self._unread:
                self._unread += self._next_chunk(deadline_s, text, seen)
            line, _, self._unread = self._unread.partition(b"\n")
            seen += f"{line.decode()}\n"
        return seen

    def rest(self) -> str:
        """Read until the other end is closed."""
        deadline_s = time.monotonic() + HANG_S
        while chunk := read_chunk(self._pipe.fileno(), deadline_s):
            self._unread += chunk
        rest, self._unread = self._unread.decode(), b""
        return rest

    def _next_chunk(self, deadline_s: float, text: str, seen: str) -> bytes:
        shown = seen + self._unread.decode(errors="replace")
        try:
            chunk = read_chunk(self._pipe.fileno(), deadline_s)
        except Hung:
            raise Hung(f"{text!r} was not shown within {HANG_S:g} s, only this:\n{shown}") from None
        assert chunk, f"The command exited without showing {text!r}, only this:\n{shown}"
        return chunk
