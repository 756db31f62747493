"""The launcher: imports what solutions need once, then forks a server for each check.

It runs in a process of its own, in a sandbox where there is one, and is the only code of the grader beside which a
solution runs. It imports the standard library, uvicorn, and, to warm them up, what solutions use. The grader speaks to
it over a Unix socket: one JSON object a line, descriptors beside it.

Commands (`start` comes with descriptors: for each worker a listening socket and a pipe for its stalls, then log and
status)::

    {"do": "start", "server": 1, "workers": 2, "folder": "…", "environ": {…}}
    {"do": "stop", "server": 1, "grace_s": 2.0}     SIGTERM, then SIGKILL to the group after the grace
    {"do": "kill", "server": 1}
    {"do": "sockets", "id": 1, "listening": 1, "plain": 20}  made here, in the sandbox's own network

Events; `fds` says how many descriptors came with one::

    {"event": "forked", "server": 1, "pids": [41, 42], "fds": 2}
    {"event": "exited", "server": 1, "pid": 41, "code": 1}  negative: a signal
    {"event": "others", "pids": [43], "fds": 1}            all other processes that there are now
    {"event": "exceeded", "server": 1, "what": "memory_bytes", "limit": …, "seen": …}    and is killed
    {"event": "gone", "server": 1, "killed": false}        nothing of this server is left
    {"event": "sockets", "id": 1, "fds": 21}     or with "error", when there are none to be had

In a sandbox pids mean nothing outside; so a descriptor of each process (`pidfd_open`) goes with them.

When the grader goes away, by whatever means, its socket closes and the launcher kills all that it started.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.child.limits import Resources, find_excess, restrict
from grader.child.process import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    descendants,
    send_signal,
    set_process_option,
)
from grader.child.worker import Worker, serve

DESCRIPTORS = 250
"""How many descriptors go with one message; the system allows 253."""

BACKLOG = 2048
LOOPBACK = "127.0.0.1"

POLL_S = 0.05
"""How often deadlines and the end of process groups are looked at."""

DYING_S = 2.0
DYING_POLL_S = 0.001
"""How long a killed server is waited for, and how often it is looked; some milliseconds are usual."""

METER_S = 0.1
"""How often it is looked what all processes use together."""

WARM = (
    "fastapi", "fastapi.responses", "httpx", "anyio.to_thread", "uvicorn.protocols.http.h11_impl",
    "uvicorn.lifespan.on",
    "pydantic.v1", "httpcore", "uvicorn.protocols.websockets.auto",
)  # fmt: skip
"""Imported once, before the first fork, also what those import when they are first used. Modules with threads or
sockets of their own must not be here."""

NOT_NEEDED = "httpx._main"
"""The command line of httpx, which imports rich and click: 0.06 s that no solution has any use for."""


@dataclass
class Group:
    """The processes of one server."""

    pids: set[int]
    leader: int
    kill_at: float | None = None
    killed: bool = False
    dying: bool = False


@dataclass
class Supervisor:
    """Serves the grader's commands until its socket closes.

    Attributes:
        control: the grader's socket.
        woken: becomes readable when a child ends.
        resources: what a server's processes may use.
        sandboxed: this process is the first of a pid namespace of its own.
        as_root: outside of it the user is root.
        traceable: any process of the same user may look into the workers.
    """

    control: socket.socket
    woken: socket.socket
    resources: Resources
    sandboxed: bool
    as_root: bool = False
    traceable: bool = False
    groups: dict[int, Group] = field(default_factory=dict)
    descriptors: list[int] = field(default_factory=list)
    others: set[int] = field(default_factory=set)
    unread: bytes = b""
    measured_at: float = 0.0

    def run(self) -> Worker | None:
        """Serve commands; returns a `Worker` in a forked child, None in the launcher when the grader has gone."""
        while True:
            readable, _, _ = select.select(
                [self.control, self.woken], [], [], POLL_S if self.groups else None
            )
            if self.woken in readable:
                self.woken.recv(4096)
            if self.control in readable:
                data, descriptors, _, _ = socket.recv_fds(self.control, 65536, DESCRIPTORS)
                if not data:
                    return None
                self.descriptors += descriptors
                *lines, self.unread = (self.unread + data).split(b"\n")
                for line in lines:
                    worker = self.obey(json.loads(line))
                    if worker is not None:
                        return worker
            self.reap()
            self.measure()

    def say(self, event: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send one event; a grader that has gone is noticed by the next read."""
        with contextlib.suppress(OSError):
            if not descriptors:
                self.control.sendall(json.dumps(event).encode() + b"\n")
                return
            socket.send_fds(
                self.control,
                [json.dumps({**event, "fds": len(descriptors)}).encode() + b"\n"],
                list(descriptors),
            )

    def say_with_processes(self, event: dict[str, Any], pids: Iterable[int]) -> None:
        """Send one event about processes, with a descriptor of each where its pid alone means nothing outside."""
        handles: list[int] = []
        named: list[int] = []
        for pid in sorted(pids)[:DESCRIPTORS]:
            with contextlib.suppress(OSError):
                if self.sandboxed:
                    handles.append(os.pidfd_open(pid))
                named.append(pid)
        self.say({**event, "pids": named}, handles)
        for handle in handles:
            os.close(handle)

    def obey(self, command: dict[str, Any]) -> Worker | None:
        """Carry out one command; returns a `Worker` in a forked child."""
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
        """Make sockets in this network namespace and pass them out: listening ones first, then unconnected ones."""
        made: list[socket.socket] = []
        try:
            for _ in range(listening):
                made.append(socket.create_server((LOOPBACK, 0), backlog=BACKLOG))
            for _ in range(plain):
                made.append(socket.socket())
            self.say({"event": "sockets", "id": number}, [one.fileno() for one in made])
        except OSError as error:
            self.say({"event": "sockets", "id": number, "error": error.strerror})
        finally:
            for one in made:
                one.close()

    def start(self, command: dict[str, Any]) -> Worker | None:
        """Fork the workers of a server."""
        self.await_the_dying()
        count = command["workers"]
        passed = self.descriptors[: 2 * count + 2]
        del self.descriptors[: 2 * count + 2]
        listening, stalls, (log, status) = (
            passed[:count],
            passed[count : 2 * count],
            passed[2 * count :],
        )
        leader = 0
        pids: set[int] = set()
        for i in range(count):
            pid = os.fork()
            if pid == 0:
                for other in set(listening + stalls) - {listening[i], stalls[i]}:
                    os.close(other)
                own = (leader, listening[i], log, status, stalls[i])
                return Worker(
                    command["folder"],
                    command["environ"],
                    *own,
                    self.sandboxed,
                    self.as_root,
                    self.traceable,
                )
            leader = leader or pid
            with contextlib.suppress(OSError):
                os.setpgid(pid, leader)
            pids.add(pid)
        for descriptor in passed:
            os.close(descriptor)
        self.groups[command["server"]] = Group(pids=pids, leader=leader)
        self.say_with_processes({"event": "forked", "server": command["server"]}, pids)
        return None

    def reap(self) -> None:
        """Collect ended processes, enforce deadlines, report servers of which nothing is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if pid == 0:
                break
            for server, group in self.groups.items():
                if pid in group.pids:
                    group.pids.discard(pid)
                    self.say(
                        {
                            "event": "exited",
                            "server": server,
                            "pid": pid,
                            "code": os.waitstatus_to_exitcode(status),
                        }
                    )
        for server, group in list(self.groups.items()):
            if group.kill_at is not None and time.monotonic() >= group.kill_at:
                group.killed = True
                self.kill(group)
            if not group.pids:
                self.kill(group)
                del self.groups[server]
                self.kill_orphans()
                self.say({"event": "gone", "server": server, "killed": group.killed})

    def measure(self) -> None:
        """See which processes there are beside the workers, and kill servers that use too much."""
        if not self.groups or time.monotonic() - self.measured_at < METER_S:
            return
        self.measured_at = time.monotonic()
        pids = descendants(os.getpid())
        others = pids - {pid for group in self.groups.values() for pid in group.pids}
        if others != self.others:
            self.others = others
            self.say_with_processes({"event": "others"}, others)
        excess = find_excess(pids, self.resources)
        if excess is not None:
            for server, group in self.groups.items():
                self.say(
                    {
                        "event": "exceeded",
                        "server": server,
                        "what": excess.what,
                        "limit": excess.limit,
                        "seen": excess.seen,
                    }
                )
                self.kill(group)
            self.kill_orphans(pids)

    def await_the_dying(self) -> None:
        """Let servers that were killed be gone before the next one begins: what is left of them would be taken for its
        own.
        """
        ends = time.monotonic() + DYING_S
        while any(group.dying for group in self.groups.values()) and time.monotonic() < ends:
            self.reap()
            time.sleep(DYING_POLL_S)

    def kill(self, group: Group) -> None:
        """SIGKILL to the whole process group of a server."""
        group.dying = True
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group.leader, signal.SIGKILL)

    def kill_orphans(self, known: Iterable[int] = ()) -> None:
        """Kill what left its process group; on Linux it has become our child, and belongs to no living server.

        Args:
            known: further processes to be killed, whomever they belong to.
        """
        if self.sandboxed and (known or not self.groups):
            # In a pid namespace of our own this reaches everything in one go, however fast it forks.
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
        """End everything that was started; called when the grader has gone."""
        for group in self.groups.values():
            self.kill(group)
            for pid in group.pids:
                send_signal(pid, signal.SIGKILL)
        self.groups.clear()
        self.kill_orphans()


def warm_up(names: Iterable[str]) -> None:
    """Import these modules, as far as they are there."""
    # httpx does without its command line when that cannot be imported.
    sys.modules[NOT_NEEDED] = None  # type: ignore[assignment]
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del sys.modules[NOT_NEEDED]


def main(control: int, config: dict[str, Any]) -> None:
    """Be the launcher.

    Args:
        control: descriptor of the control socket.
        config: `warm`, further modules to import first; `resources`, what a server may use; `sandboxed`; `as_root`;
            `traceable`.
    """
    sandboxed, resources = bool(config["sandboxed"]), Resources(**config["resources"])
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    if sandboxed:
        set_process_option(PR_SET_DUMPABLE, 0)
    restrict(resources, alone=sandboxed)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up((*WARM, *config["warm"]))
    gc.freeze()
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    told = bool(config["as_root"]), bool(config["traceable"])
    supervisor = Supervisor(socket.socket(fileno=control), woken, resources, sandboxed, *told)
    worker = supervisor.run()
    if worker is None:
        supervisor.kill_all()
        # Nothing is left to be tidied up, and tidying up all that was imported would keep the grader waiting for 0.1 s.
        os._exit(0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ours in (supervisor.control, woken, wake):
        ours.close()
    del supervisor
    serve(worker)
