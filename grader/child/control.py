"""The launcher's end of the socket to the grader: one JSON object per line, with descriptors as ancillary data.

`grader.child.boot` lists the commands and events.
"""

import contextlib
import json
import os
import socket
from collections.abc import Iterable, Sequence
from typing import Any

DESCRIPTORS = 250
"""Maximum number of descriptors in one message; the system allows 253."""

READ_BYTES = 65536


class Control:
    """Reads the grader's commands and sends events.

    Args:
        connection: the socket.
        sends_handles: whether to send a descriptor of each process (`pidfd_open`) with its pid.
    """

    def __init__(self, connection: socket.socket, *, sends_handles: bool) -> None:
        self._connection = connection
        self._sends_handles = sends_handles
        self._descriptors: list[int] = []
        self._unread = b""

    def fileno(self) -> int:
        """The socket's descriptor, for `select`."""
        return self._connection.fileno()

    def close(self) -> None:
        """Close the socket, and all descriptors that nobody has taken."""
        self._connection.close()
        self.drop_descriptors()

    def drop_descriptors(self) -> None:
        """Close all descriptors that nobody has taken. A forked child does so, because they belong to other servers."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()

    def read(self) -> list[dict[str, Any]] | None:
        """The commands that have arrived; None if the grader has exited. Blocks until data arrives."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._connection, READ_BYTES, DESCRIPTORS)
        except ConnectionResetError:  # the grader exited without reading the last events
            return None
        if not data:
            return None
        self._descriptors += descriptors
        *lines, self._unread = (self._unread + data).split(b"\n")
        return [json.loads(line) for line in lines]

    def take_descriptors(self, count: int) -> list[int]:
        """The next `count` descriptors that were sent with commands, in order."""
        taken = self._descriptors[:count]
        del self._descriptors[:count]
        return taken

    def say(self, event: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send one event. Does nothing if the grader has exited; the next read notices that."""
        with contextlib.suppress(OSError):
            if not descriptors:
                self._connection.sendall(json.dumps(event).encode() + b"\n")
                return
            line = json.dumps({**event, "fds": len(descriptors)}).encode() + b"\n"
            socket.send_fds(self._connection, [line], list(descriptors))

    def say_with_processes(self, event: dict[str, Any], pids: Iterable[int]) -> None:
        """Send one event about processes, with a descriptor of each if `sends_handles`."""
        handles: list[int] = []
        named: list[int] = []
        for pid in sorted(pids)[:DESCRIPTORS]:
            with contextlib.suppress(OSError):
                if self._sends_handles:
                    handles.append(os.pidfd_open(pid))
                named.append(pid)
        self.say({**event, "pids": named}, handles)
        for handle in handles:
            os.close(handle)
