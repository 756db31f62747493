"""The grader's side of the launcher, `grader.child.boot`."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from grader.errors import HarnessError
from grader.harness.rundir import note_process

CODE = """\
import sys
root, control, *warm = sys.argv[1:]
sys.path.insert(0, root)
from grader.child.boot import main
sys.path.remove(root)
main(int(control), warm)
"""

CLOSE_S = 5.0
"""How long the launcher may take to end what is left when a grading is over, before it is killed itself."""


class Launcher:
    """A running launcher process.

    Args:
        process: the process itself.
        control: our end of its control socket.
        log: file with what the launcher itself printed: a traceback when it is broken.
    """

    def __init__(self, process: subprocess.Popen[bytes], control: socket.socket, log: Path) -> None:
        self.process = process
        self.control = control
        self._log = log
        self.is_up = False
        """Whether its imports are done; known once `receive` has brought the news."""
        self._unread = b""

    @property
    def pid(self) -> int:
        """Pid of the launcher; all server processes descend from it."""
        return self.process.pid

    def send(self, command: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send one command.

        Raises:
            HarnessError: the launcher has ended.
        """
        try:
            socket.send_fds(self.control, [json.dumps(command).encode() + b"\n"], list(descriptors))
        except OSError as error:
            raise self._ended() from error

    def receive(self) -> list[dict[str, Any]]:
        """Events that have arrived; waits for the first one if need be.

        Raises:
            HarnessError: the launcher has ended.
        """
        data = self.control.recv(65536)
        if not data:
            raise self._ended()
        *lines, self._unread = (self._unread + data).split(b"\n")
        events = [json.loads(line) for line in lines]
        self.is_up = self.is_up or any(event["event"] == "up" for event in events)
        return events

    def wait_gone(self, server: int, timeout_s: float) -> bool:
        """Wait until nothing of a server is left; False if that did not happen in time."""
        deadline = time.monotonic() + timeout_s
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self.control], [], [], left)[0]:
                return False
            if any(event["event"] == "gone" and event["server"] == server for event in self.receive()):
                return True
        return False

    def _ended(self) -> HarnessError:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            if lines:
                return HarnessError(f"The launcher process ended: {lines[-1]}", "Run the check again; if it recurs, please report it.")
        return HarnessError("The launcher process ended unexpectedly.", "Run the check again; if it recurs, please report it.")


@contextlib.contextmanager
def running_launcher(run_dir: Path, warm: Sequence[str] = ()) -> Iterator[Launcher]:
    """Start a launcher at once, without waiting for its imports; end it and all its servers afterwards.

    Args:
        run_dir: the grading's temporary folder.
        warm: further modules that the solution will need, imported once before the first fork.

    Raises:
        HarnessError: the process cannot be started.
    """
    root = Path(__file__).resolve().parents[2]
    log = run_dir / "launcher.log"
    try:
        ours, theirs = socket.socketpair()
        with theirs, open(log, "wb") as output:
            process = subprocess.Popen(
                # -E -P: neither PYTHON* variables nor the working folder may change what is imported.
                [sys.executable, "-E", "-P", "-c", CODE, str(root), str(theirs.fileno()), *warm],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=run_dir,
                start_new_session=True,
                env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            )
    except OSError as error:
        raise HarnessError(
            f"No process can be started for the solution: {error.strerror}.", "Close other programs or raise `ulimit -n` and `ulimit -u`."
        ) from error
    note_process(run_dir, process.pid)
    try:
        yield Launcher(process, ours, log)
    finally:
        ours.close()
        try:
            process.wait(CLOSE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
