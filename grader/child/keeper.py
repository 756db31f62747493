"""The keeper of one server: a process that forks the server's workers and ends whatever descends from them.

The launcher forks a keeper for each server, so several servers run side by side and share nothing. On Linux a keeper is
a subreaper: a process that leaves its parent, its process group and its session becomes the keeper's child. So it
counts for the limits of its own server, it dies with its own server, and once the keeper has no children, nothing of
the server is left. Elsewhere a keeper knows only the workers and their process group.

A keeper obeys the launcher, sends events to the grader, and exits when nothing is left. When the launcher exits, its
socket closes, and the keeper kills its server.
"""

import contextlib
import os
import resource
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.child.control import Control
from grader.child.limits import Resources, find_excess
from grader.child.process import (
    PR_SET_CHILD_SUBREAPER,
    Wakeup,
    children,
    descendants,
    fork,
    send_signal,
    set_process_option,
)
from grader.child.worker import Confinement, Worker

POLL_S = 0.05
"""Polling interval for the end of a grace period and for the resources that all processes of the server use."""

METER_S = 0.1
"""Least time between two measurements of these resources."""

KILL_S = 2.0
"""How long to kill descendants until none is left; it usually takes a few milliseconds."""

KILL_POLL_S = 0.001

ENDED, OUT_OF_HAND = 0, 9
"""Exit codes of a keeper: nothing is left of its server; or its processes multiply faster than it can kill them."""


def enter_namespaces() -> None:
    """Enter the namespaces that belong to one server: none so far.

    A keeper calls this once, before it forks the workers and while it has a single thread. Namespaces of processes,
    mounts, IPC and network for each server belong here and nowhere else. A new namespace of processes begins with the
    next child, so this function then forks, and the keeper goes on in the child.
    """


def make_own_folder() -> str | None:
    """A temporary folder for one server, in the launcher's working folder; None if the disk is full."""
    try:
        return tempfile.mkdtemp(prefix="server-", dir=Path.cwd())
    except OSError:
        return None


def join_group(descriptor: int) -> bool:
    """Move this process, and thus everything that it starts, into a cgroup; False if the system refuses.

    Args:
        descriptor: of the group's `cgroup.procs`, which the grader has opened; closed afterwards.
    """
    try:
        os.write(descriptor, b"0")
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


@dataclass
class Keeper:
    """Keeps one server.

    Attributes:
        order: the command `start`.
        passed: the descriptors sent with it.
        control: the socket to the grader, for events.
        commands: the socket to the launcher.
        resources: limits of the server's processes.
        confinement: of this process and its workers.
        wakeup: becomes readable when a child exits.
        pids: of the workers that have not exited.
        leader: the first worker, which leads the process group.
        kill_at: when the grace period after a stop ends, on the monotonic clock; None before a stop.
        missed_grace: whether workers were still running when it ended.
        is_killing: whether SIGKILL has been sent.
        others: pids last reported as processes that are not workers.
        measured_at: time of the last measurement, on the monotonic clock.
        folder: the server's `TMPDIR`; None if it could not be made, and the server uses the common one.
    """

    order: dict[str, Any]
    passed: Sequence[int]
    control: Control
    commands: Control
    resources: Resources
    confinement: Confinement
    wakeup: Wakeup = field(default_factory=Wakeup)
    pids: set[int] = field(default_factory=set)
    leader: int = 0
    kill_at: float | None = None
    missed_grace: bool = False
    is_killing: bool = False
    others: set[int] = field(default_factory=set)
    measured_at: float = field(default_factory=time.monotonic)
    folder: str | None = field(default_factory=make_own_folder)

    def run(self) -> Worker | int:
        """Keep the server until nothing is left of it; returns the exit code, or a `Worker` in a worker's process."""
        set_process_option(PR_SET_CHILD_SUBREAPER, 1)
        # So that a signal to the launcher's process group leaves it alive to clean up.
        os.setpgid(0, 0)
        enter_namespaces()
        worker = self.fork_workers()
        if worker is not None:
            for ours in (self.control, self.commands, self.wakeup):
                ours.close()
            return worker
        while self.pids and not self.is_killing:
            watched: list[Control | Wakeup] = [self.commands, self.wakeup]
            readable, _, _ = select.select(watched, [], [], POLL_S)
            if self.wakeup in readable:
                self.wakeup.clear()
            if self.commands in readable:
                self.obey()
            self.collect()
            if self.kill_at is not None and self.pids and time.monotonic() >= self.kill_at:
                self.missed_grace = self.is_killing = True
            elif not self.measure():
                return OUT_OF_HAND
        if not self.kill():
            return OUT_OF_HAND
        self.remove_folder()
        self.say("gone", killed=self.missed_grace)
        return ENDED

    def fork_workers(self) -> Worker | None:
        """Fork the workers; returns a `Worker` in each of them, None in the keeper."""
        count = self.order["workers"]
        log, status, *group = self.passed[2 * count :]
        is_grouped = bool(group) and join_group(group[0])
        sockets = self.passed[: 2 * count]
        environ = {**self.order["environ"], **({"TMPDIR": self.folder} if self.folder else {})}
        for listening, stalls in zip(sockets[:count], sockets[count:], strict=True):
            pid = fork()
            if pid == 0:
                for other in {*sockets} - {listening, stalls}:
                    os.close(other)
                own = (self.leader, listening, log, status, stalls)
                return Worker(self.order["folder"], environ, *own, self.confinement)
            self.leader = self.leader or pid
            with contextlib.suppress(OSError):
                os.setpgid(pid, self.leader)
            self.pids.add(pid)
        for descriptor in {*sockets, log, status}:
            os.close(descriptor)
        forked = {"event": "forked", "server": self.order["server"], "grouped": is_grouped}
        self.control.say_with_processes(forked, self.pids)
        return None

    def obey(self) -> None:
        """Execute the launcher's commands; if the launcher has exited, kill the server."""
        commands = self.commands.read()
        kill: dict[str, Any] = {"do": "kill"}
        for command in [kill] if commands is None else commands:
            if command["do"] == "stop":
                self.kill_at = time.monotonic() + command["grace_s"]
                for pid in self.pids:
                    send_signal(pid, signal.SIGTERM)
            elif command["do"] == "linger":
                self.kill_at = None
            else:
                self.is_killing = True

    def collect(self) -> bool:
        """Reap children that have exited, and report the workers among them; returns whether any child is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid in self.pids:
                self.pids.discard(pid)
                code = os.waitstatus_to_exitcode(status)
                is_ours = self.is_killing and code == -signal.SIGKILL
                self.say("exited", pid=pid, code=code, killed=is_ours)

    def measure(self) -> bool:
        """Report processes that are not workers, and kill the server if it exceeds a limit.

        Returns:
            False if there are too many processes to kill them one by one and the launcher can kill all at once.
        """
        if time.monotonic() - self.measured_at < METER_S:
            return True
        self.measured_at = time.monotonic()
        pids = descendants(os.getpid())
        others = pids - self.pids
        if others != self.others:
            self.others = others
            event = {"event": "others", "server": self.order["server"]}
            self.control.say_with_processes(event, others)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        ended_cpu_s = ended.ru_utime + ended.ru_stime
        excess = find_excess(pids, self.resources, ended_cpu_s=ended_cpu_s)
        if excess is not None:
            self.say("exceeded", what=excess.what, limit=excess.limit, seen=excess.seen)
            self.is_killing = True
            return excess.what != "processes" or not self.confinement.sandboxed
        return True

    def kill(self) -> bool:
        """Kill all descendants, again and again; returns whether none is left after at most `KILL_S`."""
        self.is_killing = True
        ends = time.monotonic() + KILL_S
        while True:
            if self.leader:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(self.leader, signal.SIGKILL)
            # Orphans become children, so a process that forks and exits again and again is always among them.
            for pid in children():
                send_signal(pid, signal.SIGKILL)
            for pid in self.pids | descendants(os.getpid()):
                send_signal(pid, signal.SIGKILL)
            if not self.collect():
                return True
            if time.monotonic() > ends:
                return False
            time.sleep(KILL_POLL_S)

    def remove_folder(self) -> None:
        """Remove the server's temporary folder: the servers of all gradings of a session share the space."""
        if self.folder:
            # Folders can be nested more deeply than `rmtree` can go.
            with contextlib.suppress(RecursionError):
                shutil.rmtree(self.folder, ignore_errors=True)

    def say(self, event: str, **facts: object) -> None:
        """Send the grader an event about this server."""
        self.control.say({"event": event, "server": self.order["server"], **facts})
