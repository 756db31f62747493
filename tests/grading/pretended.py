"""A forkserver that only pretends: tests play the workers of a pool."""

import socket

from grader.grading.messages import CHUNK_BYTES, Command, Fork, Lines, commands_in


class PretendedForkserver:
    """The other side of a pool's control socket."""

    def __init__(self) -> None:
        self.ours, self.theirs = socket.socketpair()
        self.commands: list[Command] = []
        self._lines = Lines()

    def channel(self) -> socket.socket:
        """Wait for the next worker to be requested; returns its end of the worker's socket."""
        descriptors: list[int] = []
        while not descriptors:
            data, descriptors, _, _ = socket.recv_fds(self.theirs, CHUNK_BYTES, 1)
            self.commands += commands_in(self._lines.take(data))
        assert isinstance(self.commands[-1], Fork)
        return socket.socket(fileno=descriptors[0])

    def close(self) -> None:
        """Close both ends of the control socket."""
        self.ours.close()
        self.theirs.close()
