"""Speaking to a launcher, or to a part of it, in its own language."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.waiting import HANG_S


@dataclass
class Spoken:
    """A launcher and the socket on which it is spoken to."""

    process: subprocess.Popen[bytes]
    control: socket.socket
    unread: list[dict[str, Any]] = field(default_factory=list)

    def tell(self, command: dict[str, Any], descriptors: tuple[int, ...] = ()) -> None:
        """Send a command."""
        socket.send_fds(self.control, [json.dumps(command).encode() + b"\n"], list(descriptors))

    def next(self, kind: str) -> dict[str, Any]:
        """The next event of this kind; others before it are passed over."""
        while True:
            while self.unread:
                event = self.unread.pop(0)
                if event["event"] == kind:
                    return event
            data = b""
            while not data.endswith(b"\n"):
                more, descriptors, _, _ = socket.recv_fds(self.control, 65536, 50)
                assert more, "the launcher is gone"
                data += more
                for descriptor in descriptors:
                    os.close(descriptor)
            self.unread += [json.loads(line) for line in data.splitlines()]

    def start(
        self,
        folder: Path,
        listening: socket.socket,
        workers: int = 1,
        number: int = 1,
        **environ: str,
    ) -> socket.socket:
        """Start the server of this number on this socket; returns its status socket."""
        status, theirs = socket.socketpair()
        status.settimeout(HANG_S)
        stalls, stalls_written = os.pipe()
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        passed = (
            *[listening.fileno()] * workers,
            *[stalls_written] * workers,
            log,
            theirs.fileno(),
        )
        start = {"do": "start", "server": number, "workers": workers, "folder": str(folder)}
        self.tell({**start, "environ": {"PATH": os.defpath, **environ}}, passed)
        for descriptor in (stalls, stalls_written, log):
            os.close(descriptor)
        theirs.close()
        return status


@contextmanager
def speaking_to(code: str, config: dict[str, Any]) -> Iterator[Spoken]:
    """Run this code, whose arguments are the descriptor of its control socket and its configuration as JSON; it must
    exit when the socket closes.
    """
    ours, theirs = socket.socketpair()
    ours.settimeout(HANG_S)
    command = [sys.executable, "-c", code, str(theirs.fileno()), json.dumps(config)]
    environ = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with (
        ours,
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=folder, env=environ) as process,
    ):
        theirs.close()
        try:
            yield Spoken(process, ours)
        finally:
            ours.close()
            process.wait(HANG_S)
