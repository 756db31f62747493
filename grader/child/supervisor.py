"""Forks a keeper for each server on the grader's command, and makes sure that each ends."""

import contextlib
import json
import os
import select
import signal
import socket
import time
from dataclasses import dataclass, field
from typing import Any

from grader.child.control import Control
from grader.child.keeper import ENDED, KILL_S, OUT_OF_HAND, Keeper
from grader.child.limits import Resources
from grader.child.process import Wakeup, descendants, fork, send_signal
from grader.child.worker import Confinement

BACKLOG = 2048
LOOPBACK = "127.0.0.1"

POLL_S = 0.05
"""Polling interval while a keeper is expected to exit."""

PATIENCE_S = KILL_S + 1.0
"""How long a keeper may take to kill its server before it is killed itself."""

ORPHAN_ROUNDS = 100
"""Maximum number of times that orphans of killed keepers are looked for."""


@dataclass
class Kept:
    """A server and its keeper.

    Attributes:
        pid: of the keeper.
        commands: the launcher's end of the socket to the keeper.
        kill_at: when the keeper is killed unless it has exited, on the monotonic clock; None before it has to exit.
    """

    pid: int
    commands: socket.socket
    kill_at: float | None = None

    def tell(self, command: dict[str, Any]) -> None:
        """Send a command to the keeper, which may have exited."""
        with contextlib.suppress(OSError):
            self.commands.sendall(json.dumps(command).encode() + b"\n")


@dataclass
class Supervisor:
    """Serves the grader's commands until its socket closes.

    Attributes:
        control: the socket to the grader.
        resources: limits of each server's processes.
        confinement: of this process and its workers.
        wakeup: becomes readable when a child exits or stops.
        kept: running servers, by number.
    """

    control: Control
    resources: Resources
    confinement: Confinement
    wakeup: Wakeup = field(default_factory=Wakeup)
    kept: dict[int, Kept] = field(default_factory=dict)

    def run(self) -> Keeper | None:
        """Obey commands; returns a `Keeper` in a forked child, and None in the launcher once the grader has exited."""
        watched: list[Control | Wakeup] = [self.control, self.wakeup]
        while True:
            is_waiting = any(kept.kill_at is not None for kept in self.kept.values())
            readable, _, _ = select.select(watched, [], [], POLL_S if is_waiting else None)
            if self.wakeup in readable:
                self.wakeup.clear()
            if self.control in readable:
                commands = self.control.read()
                if commands is None:
                    return None
                for command in commands:
                    keeper = self.obey(command)
                    if keeper is not None:
                        return keeper
            self.reap()

    def obey(self, command: dict[str, Any]) -> Keeper | None:
        """Execute one command; returns a `Keeper` in a forked child."""
        if command["do"] == "start":
            return self.start(command)
        if command["do"] == "sockets":
            self.make_sockets(command["id"], command["listening"], command["plain"])
            return None
        kept = self.kept.get(command["server"])
        if kept is not None:
            if command["do"] == "kill" and kept.kill_at is None:
                kept.kill_at = time.monotonic() + PATIENCE_S
            kept.tell(command)
        return None

    def make_sockets(self, number: int, listening: int, plain: int) -> None:
        """Make sockets in this network namespace and send them to the grader: listening ones, then unconnected ones."""
        made: list[socket.socket] = []
        event = {"event": "sockets", "id": number}
        try:
            for _ in range(listening):
                made.append(socket.create_server((LOOPBACK, 0), backlog=BACKLOG))
            for _ in range(plain):
                made.append(socket.socket())
            self.control.say(event, [each.fileno() for each in made])
        except OSError as error:
            self.control.say({**event, "error": error.strerror})
        finally:
            for each in made:
                each.close()

    def start(self, command: dict[str, Any]) -> Keeper | None:
        """Fork the keeper of a server; returns a `Keeper` in it, None in the launcher."""
        count = 2 * command["workers"] + 2 + bool(command.get("grouped"))
        passed = self.control.take_descriptors(count)
        ours, theirs = socket.socketpair()
        pid = fork()
        if pid == 0:
            ours.close()
            for other in self.kept.values():
                other.commands.close()
            self.wakeup.close()
            self.control.drop_descriptors()
            commands = Control(theirs, sends_handles=False)
            return Keeper(command, passed, self.control, commands, self.resources, self.confinement)
        theirs.close()
        for descriptor in passed:
            os.close(descriptor)
        self.kept[command["server"]] = Kept(pid, ours)
        return None

    def reap(self) -> None:
        """Reap children that have exited, and kill keepers that do not end their servers."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG | os.WUNTRACED)
            except ChildProcessError:
                break
            if pid == 0:
                break
            for server, kept in list(self.kept.items()):
                if kept.pid == pid and os.WIFSTOPPED(status):
                    # Only a process of the solution stops a keeper, which then enforces no limit.
                    send_signal(pid, signal.SIGKILL)
                elif kept.pid == pid:
                    self.end(server, os.waitstatus_to_exitcode(status))
        for kept in self.kept.values():
            if kept.kill_at is not None and time.monotonic() >= kept.kill_at:
                send_signal(kept.pid, signal.SIGKILL)

    def end(self, server: int, code: int) -> None:
        """Forget a server whose keeper has exited. If something may be left of it, kill that and report it as gone.

        Args:
            server: its number.
            code: the keeper's exit code.

        Raises:
            RuntimeError: the keeper failed; its traceback is in the launcher's log.
        """
        self.kept.pop(server).commands.close()
        if code == ENDED:
            return
        if code > 0 and code != OUT_OF_HAND:
            raise RuntimeError(f"The keeper of server {server} exited with code {code}.")
        self.kill_orphans(is_forced=code == OUT_OF_HAND)
        # Its workers are gone with it. Nobody knows their pids any more, and the first exit is what counts.
        exited = {"event": "exited", "server": server, "pid": 0, "code": -signal.SIGKILL}
        self.control.say({**exited, "killed": False})
        self.control.say({"event": "gone", "server": server, "killed": False})

    def kill_orphans(self, *, is_forced: bool = False) -> None:
        """Kill processes whose keeper has exited. On Linux they are children of the launcher, which is a subreaper.

        Args:
            is_forced: whether they multiply so fast that other servers have to be killed with them.
        """
        if self.confinement.sandboxed and (is_forced or not self.kept):
            # In its own pid namespace, this reaches every other process at once, however fast they fork.
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        keepers = {kept.pid for kept in self.kept.values()}
        for _ in range(ORPHAN_ROUNDS):
            # In this order: a process that a running server starts in between is not mistaken for an orphan.
            below = descendants(os.getpid())
            orphans = below - keepers - descendants(*keepers)
            if not orphans:
                return
            for pid in orphans:
                send_signal(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def kill_all(self) -> None:
        """Kill all processes that were started, once the grader has exited."""
        ends = time.monotonic() + PATIENCE_S
        for kept in self.kept.values():
            kept.commands.close()
        pids = {kept.pid for kept in self.kept.values()}
        while pids and time.monotonic() < ends:
            select.select([self.wakeup], [], [], POLL_S)
            self.wakeup.clear()
            pids -= self.collect()
        for pid in pids:
            send_signal(pid, signal.SIGKILL)
        self.kept.clear()
        self.kill_orphans()

    def collect(self) -> set[int]:
        """Reap children; returns their pids."""
        ended = set[int]()
        with contextlib.suppress(ChildProcessError):
            while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
                ended.add(pid)
        return ended
