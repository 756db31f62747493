"""Reads pipes from a solution's processes without blocking."""

import os
from collections.abc import Callable

import anyio

CHUNK_BYTES = 16 * 1024
DRAIN_CHUNKS = 16
"""Maximum number of chunks to read before closing a pipe: more than it can hold (64 KiB on Linux)."""


class PipeReader:
    """Passes on the data from a pipe.

    Args:
        descriptor: the pipe's read end, which this object owns and closes.
        take: called with each chunk.
    """

    def __init__(self, descriptor: int, take: Callable[[bytes], None]) -> None:
        self._descriptor: int | None = descriptor
        self._take = take
        self._is_stopped = False
        os.set_blocking(descriptor, False)

    async def follow(self) -> None:
        """Read until the other side closes, the reader is stopped or closed, or the task is cancelled."""
        while self._descriptor is not None:
            await anyio.wait_readable(self._descriptor)
            if not self._read():
                return

    def stop(self) -> None:
        """Stop reading: a process that keeps writing blocks once the pipe is full."""
        self._is_stopped = True

    def close(self) -> None:
        """Read what is left in the pipe and close it. A task in `follow` may still be running."""
        for _ in range(DRAIN_CHUNKS):
            if not self._read():
                break
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _read(self) -> bool:
        if self._descriptor is None or self._is_stopped:
            return False
        try:
            data = os.read(self._descriptor, CHUNK_BYTES)
        except BlockingIOError:
            return False
        if data:
            self._take(data)
        return bool(data)
