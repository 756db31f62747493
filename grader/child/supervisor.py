"""Forks servers on the grader's command, and ends each with all processes that it has started."""

import contextlib
import os
import select
import signal
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from grader.child.control import Control
from grader.child.limits import Resources, find_excess
from grader.child.process import descendants, send_signal
from grader.child.worker import Confinement, Worker

BACKLOG = 2048
LOOPBACK = "127.0.0.1"

POLL_S = 0.05
"""Polling interval for deadlines and exited process groups."""

KILL_S = 2.0
"""How long to wait for a killed server to exit; it usually takes a few milliseconds."""

KILL_POLL_S = 0.001

METER_S = 0.1
"""Polling interval for the resources that all processes together use."""


@dataclass
class Group:
    """The worker processes of one server.

    Attributes:
        pids: of the workers that have not exited.
        leader: the first worker, which leads the process group.
        kill_at: when the grace period after a stop ends, on the monotonic clock; None before a stop.
        missed_grace: whether they were still running when it ended.
        sigkilled: whether the process group got SIGKILL.
    """

    pids: set[int]
    leader: int
    kill_at: float | None = None
    missed_grace: bool = False
    sigkilled: bool = False


@dataclass
class Supervisor:
    """Serves the grader's commands until its socket closes.

    Attributes:
        control: the socket to the grader.
        woken: becomes readable when a child exits.
        resources: limits of a server's processes.
        confinement: of this process and its workers.
        groups: running servers, by number.
        others: pids last reported as processes that are not workers.
        measured_at: time of the last measurement, on the monotonic clock.
    """

    control: Control
    woken: socket.socket
    resources: Resources
    confinement: Confinement
    groups: dict[int, Group] = field(default_factory=dict)
    others: set[int] = field(default_factory=set)
    measured_at: float = 0.0

    def run(self) -> Worker | None:
        """Obey commands; returns a `Worker` in a forked child, and None in the launcher once the grader has exited."""
        watched: list[Control | socket.socket] = [self.control, self.woken]
        while True:
            readable, _, _ = select.select(watched, [], [], POLL_S if self.groups else None)
            if self.woken in readable:
                self.woken.recv(4096)
            if self.control in readable:
                commands = self.control.read()
                if commands is None:
                    return None
                for command in commands:
                    worker = self.obey(command)
                    if worker is not None:
                        return worker
            self.reap()
            self.measure()

    def obey(self, command: dict[str, Any]) -> Worker | None:
        """Execute one command; returns a `Worker` in a forked child."""
        if command["do"] == "start":
            return self.start(command)
        if command["do"] == "sockets":
            self.make_sockets(command["id"], command["listening"], command["plain"])
            return None
        group = self.groups.get(command["server"])
        if group is not None and command["do"] == "stop":
            group.kill_at = time.monotonic() + command["grace_s"]
            for pid in group.pids:
                send_signal(pid, signal.SIGTERM)
        elif group is not None:
            self.kill(group)
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

    def start(self, command: dict[str, Any]) -> Worker | None:
        """Fork the workers of a server; returns a `Worker` in each of them, None in the launcher."""
        self.wait_for_killed()
        count = command["workers"]
        passed = self.control.take_descriptors(2 * count + 2)
        log, status = passed[2 * count :]
        leader, pids = 0, set[int]()
        for listening, stalls in zip(passed[:count], passed[count : 2 * count], strict=True):
            pid = os.fork()
            if pid == 0:
                for other in set(passed) - {listening, stalls, log, status}:
                    os.close(other)
                own = (leader, listening, log, status, stalls)
                return Worker(command["folder"], command["environ"], *own, self.confinement)
            leader = leader or pid
            with contextlib.suppress(OSError):
                os.setpgid(pid, leader)
            pids.add(pid)
        for descriptor in passed:
            os.close(descriptor)
        self.groups[command["server"]] = Group(pids=pids, leader=leader)
        forked = {"event": "forked", "server": command["server"]}
        self.control.say_with_processes(forked, pids)
        return None

    def reap(self) -> None:
        """Reap children, enforce deadlines, and report servers whose processes have all exited."""
        self.collect_ended()
        for server, group in list(self.groups.items()):
            if group.kill_at is not None and time.monotonic() >= group.kill_at:
                group.missed_grace = True
                self.kill(group)
            if not group.pids:
                self.kill(group)
                del self.groups[server]
                self.kill_orphans()
                self.control.say({"event": "gone", "server": server, "killed": group.missed_grace})

    def collect_ended(self) -> None:
        """Reap children that have exited, and report the workers among them."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            code = os.waitstatus_to_exitcode(status)
            for server, group in self.groups.items():
                if pid in group.pids:
                    group.pids.discard(pid)
                    self.control.say(
                        {"event": "exited", "server": server, "pid": pid, "code": code}
                    )

    def measure(self) -> None:
        """Report processes that are not workers, and kill servers that exceed a limit."""
        if not self.groups or time.monotonic() - self.measured_at < METER_S:
            return
        self.measured_at = time.monotonic()
        pids = descendants(os.getpid())
        others = pids - {pid for group in self.groups.values() for pid in group.pids}
        if others != self.others:
            self.others = others
            self.control.say_with_processes({"event": "others"}, others)
        excess = find_excess(pids, self.resources)
        if excess is not None:
            seen = {"what": excess.what, "limit": excess.limit, "seen": excess.seen}
            for server, group in self.groups.items():
                self.control.say({"event": "exceeded", "server": server, **seen})
                self.kill(group)
            self.kill_orphans(pids)

    def wait_for_killed(self) -> None:
        """Wait until killed servers have exited, so that their processes are not attributed to the next server."""
        ends = time.monotonic() + KILL_S
        while any(group.sigkilled for group in self.groups.values()) and time.monotonic() < ends:
            self.reap()
            time.sleep(KILL_POLL_S)

    def kill(self, group: Group) -> None:
        """Send SIGKILL to the whole process group of a server."""
        group.sigkilled = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group.leader, signal.SIGKILL)

    def kill_orphans(self, known: Iterable[int] = ()) -> None:
        """Kill processes that left their process group and belong to no running server. On Linux they are children of
        the launcher, which is a subreaper.

        Args:
            known: additional processes to kill, even if they belong to a running server.
        """
        if self.confinement.sandboxed and (known or not self.groups):
            # In its own pid namespace, this reaches every other process at once, however fast they fork.
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        workers = {pid for group in self.groups.values() for pid in group.pids}
        for _ in range(100):
            orphans = descendants(os.getpid()) - ((workers | descendants(*workers)) - set(known))
            if not orphans:
                return
            for pid in orphans:
                send_signal(pid, signal.SIGKILL)
                if pid not in known:
                    with contextlib.suppress(ChildProcessError):
                        os.waitpid(pid, 0)
            if known:
                return

    def kill_all(self) -> None:
        """Kill all processes that were started, once the grader has exited."""
        for group in self.groups.values():
            self.kill(group)
            for pid in group.pids:
                send_signal(pid, signal.SIGKILL)
        self.groups.clear()
        self.kill_orphans()
