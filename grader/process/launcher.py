"""The grader's side of a launcher: sends commands and receives events."""

import asyncio
import contextlib
import errno
import itertools
import json
import os
import socket
import subprocess
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio

from grader.errors import HarnessError
from grader.measure.gates import Signal
from grader.process.cgroup import Groups, usable_parent
from grader.process.launch import LauncherPlan, LauncherProcess, kill, start_launcher
from grader.process.run_dir import note_process
from grader.process.sandbox import HOME

CLOSE_S = 5.0
"""How long the launcher may take to end all remaining processes before it is killed."""

SOCKETS_S = 60.0
"""How long the launcher may take to make sockets, including its imports."""

DESCRIPTORS = 250
"""Maximum number of descriptors in one message."""

KEPT_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "VIRTUAL_ENV", "SSL_CERT_FILE")
"""Environment variables that a solution without a sandbox inherits from the grader."""

SANDBOX_VARIABLES = ("LANG", "LC_ALL", "TZ")
"""Environment variables that a solution in a sandbox inherits: without paths, which mean nothing there."""


class Launcher:
    """A running launcher.

    Args:
        started: its process.
        groups: makes a cgroup for each server.

    Attributes:
        groups: as passed.
        events_arrived: set whenever events have arrived.
        servers: callbacks for the events of each server, by the server's number.
    """

    def __init__(self, started: LauncherProcess, groups: Groups) -> None:
        self.process = started.process
        self.pid = started.pid
        self.control = started.control
        self.without_sandbox = started.without_sandbox
        self.groups = groups
        self.events_arrived = Signal()
        self.servers: dict[int, Callable[[dict[str, Any]], None]] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._log = started.log
        self._unread = b""
        self._descriptors: deque[int] = deque()
        self._pids: dict[int, int] = {}
        self._sockets: dict[int, list[socket.socket]] = {}
        self._awaited: set[int] = set()
        self._numbers = itertools.count(1)
        self._failure: HarnessError | None = None

    @property
    def is_sandboxed(self) -> bool:
        """Whether it runs in a sandbox."""
        return not self.without_sandbox

    @property
    def environ(self) -> dict[str, str]:
        """The environment variables that every solution gets."""
        kept = SANDBOX_VARIABLES if self.is_sandboxed else KEPT_VARIABLES
        own = {"PATH": os.defpath, "HOME": HOME} if self.is_sandboxed else {}
        return {**own, **{name: os.environ[name] for name in kept if name in os.environ}}

    def has_ended(self) -> bool:
        """Whether it has exited or is about to."""
        # Its end of the socket closes shortly before its sandbox exits.
        if self.process.poll() is not None:
            return True
        try:
            return self.control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def send(self, command: Mapping[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send one command.

        Raises:
            HarnessError: the launcher has exited.
        """
        try:
            socket.send_fds(self.control, [json.dumps(command).encode() + b"\n"], list(descriptors))
        except OSError as error:
            raise self._ended() from error

    @contextlib.asynccontextmanager
    async def listening(self, on_failure: Callable[[str], None]) -> AsyncIterator[None]:
        """Receive events in the background for the length of this block. Blocks may overlap on one event loop; those on
        different loops must follow one another.

        Args:
            on_failure: called with a message if the launcher exits.
        """
        loop = asyncio.get_running_loop()
        if not self._listeners:
            # A cancelled waiter may still belong to the event loop of an earlier block.
            self.events_arrived = Signal()
            loop.add_reader(self.control, self._take_events)
        elif self._failure is not None:
            on_failure(str(self._failure))
        self._listeners.append(on_failure)
        try:
            yield
        finally:
            self._listeners.remove(on_failure)
            if not self._listeners:
                loop.remove_reader(self.control)
                self.servers.clear()

    async def sockets(self, listening: int = 0, plain: int = 0) -> list[socket.socket]:
        """Make sockets in the solution's network: `listening` ones on its loopback, then `plain` unconnected ones.

        A solution can connect any socket that it holds to another address, so it must never hold a socket of the
        machine's own network (docs/decisions/0008-sockets-of-the-sandbox.md).

        Raises:
            HarnessError: the launcher has exited, or the system refuses the sockets.
        """
        made: list[socket.socket] = []
        try:
            for first in range(0, listening + plain, DESCRIPTORS):
                some = min(DESCRIPTORS, listening + plain - first)
                some_listening = max(0, min(some, listening - first))
                made += await self._sockets_made(some_listening, some - some_listening)
        except BaseException:
            _close(made)
            raise
        return made

    async def _sockets_made(self, listening: int, plain: int) -> list[socket.socket]:
        number = next(self._numbers)
        self.send({"do": "sockets", "id": number, "listening": listening, "plain": plain})
        self._awaited.add(number)
        made: list[socket.socket] | None = None
        try:
            with anyio.move_on_after(SOCKETS_S):
                while number not in self._sockets and self._failure is None:
                    await self.events_arrived.wait()
            made = self._sockets.pop(number, None)
        finally:
            self._awaited.discard(number)
            # They may have come just before a cancellation, and nobody takes them then.
            _close(self._sockets.pop(number, ()))
        if made is None:
            raise self._failure or HarnessError(
                f"The launcher did not make sockets within {SOCKETS_S:.0f} s.",
                "Close programs that keep this machine busy, and try again.",
            )
        return made

    def close(self) -> None:
        """Close the control socket and all sockets and descriptors that nobody has taken."""
        for made in self._sockets.values():
            _close(made)
        for descriptor in self._descriptors:
            os.close(descriptor)
        self.control.close()

    def _take_events(self) -> None:
        """Receive events and pass them on; if the launcher has exited, tell everybody who listens."""
        try:
            for event in self.receive():
                server = self.servers.get(event.get("server", 0))
                if server is not None:
                    server(event)
        except HarnessError as error:
            self._failure = error
            asyncio.get_running_loop().remove_reader(self.control)
            for on_failure in list(self._listeners):
                on_failure(str(error))
        self.events_arrived.set()

    def receive(self) -> list[dict[str, Any]]:
        """Receive events; blocks until data arrives. Pids in them are those that the grader sees, not the sandbox.

        Raises:
            HarnessError: the launcher has exited.
        """
        try:
            data, descriptors, _, _ = socket.recv_fds(self.control, 65536, DESCRIPTORS)
        except OSError as error:
            raise self._ended() from error
        if not data:
            raise self._ended()
        self._descriptors += descriptors
        *lines, self._unread = (self._unread + data).split(b"\n")
        events = [json.loads(line) for line in lines]
        for event in events:
            self._take(event)
        return events

    def _take(self, event: dict[str, Any]) -> None:
        kind = event["event"]
        # The system drops descriptors that exceed this process's limit.
        if len(self._descriptors) < event.get("fds", 0):
            raise _no_sockets(os.strerror(errno.EMFILE))
        descriptors = [self._descriptors.popleft() for _ in range(event.get("fds", 0))]
        if kind == "sockets":
            if "error" in event:
                raise _no_sockets(event["error"])
            made = [socket.socket(fileno=descriptor) for descriptor in descriptors]
            if event["id"] in self._awaited:
                self._sockets[event["id"]] = made
            else:
                _close(made)
        elif kind in ("forked", "others"):
            event["pids"] = self._outer_pids(event["pids"], descriptors)
        elif kind == "exited":
            event["pid"] = self._pids.pop(event["pid"], event["pid"])

    def _outer_pids(self, pids: list[int], handles: list[int]) -> list[int]:
        """Translate a sandbox's pids to those that the grader sees, from `/proc/self/fdinfo` of their descriptors."""
        if not handles:
            return pids
        for pid, handle in zip(pids, handles, strict=True):
            words = Path(f"/proc/self/fdinfo/{handle}").read_text().split()
            self._pids[pid] = int(words[words.index("Pid:") + 1])
            os.close(handle)
        # The kernel shows -1 for a process that has exited.
        return [self._pids[pid] for pid in pids if self._pids[pid] > 0]

    def _ended(self) -> HarnessError:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            if lines:
                return HarnessError(
                    f"The launcher process exited: {lines[-1]}",
                    "Run the check again; if it recurs, please report it.",
                )
        return HarnessError(
            "The launcher process exited unexpectedly.",
            "Run the check again; if it recurs, please report it.",
        )


@contextlib.contextmanager
def running_launcher(
    run_dir: Path, plan: LauncherPlan | None = None, name: str = "launcher"
) -> Iterator[Launcher]:
    """Start a launcher without waiting for its imports; afterwards, end it and all of its servers.

    Args:
        run_dir: the grading's temporary folder.
        plan: how to run it; without a sandbox by default.
        name: of its log file in that folder, without the suffix.

    Raises:
        HarnessError: the process cannot be started.
        SandboxUnavailable: a sandbox is required, and this machine cannot make one.
    """
    plan = plan or LauncherPlan()
    with contextlib.closing(Groups(plan.resources, usable_parent())) as groups:
        launcher = Launcher(start_launcher(run_dir, plan, run_dir / f"{name}.log"), groups)
        note_process(run_dir, launcher.pid)
        try:
            yield launcher
        finally:
            launcher.close()
            try:
                launcher.process.wait(CLOSE_S)
            except subprocess.TimeoutExpired:
                kill(launcher.process)


def _close(sockets: Iterable[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _no_sockets(reason: str) -> HarnessError:
    return HarnessError(
        f"Could not make sockets for the solution: {reason}.",
        "Close other programs, or raise `ulimit -n`.",
    )
