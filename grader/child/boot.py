"""The launcher: imports what solutions need once, then forks a server for each check.

It runs in a process of its own and is the only code of the grader beside which a solution runs. It imports the
standard library, uvicorn, and, to warm them up, what solutions use. The grader speaks to it over a Unix socket:
one JSON object a line, descriptors beside the `start` command.

Commands (`start` comes with descriptors: for each worker a listening socket and a pipe for its stalls, then log and
status)::

    {"do": "start", "server": 1, "workers": 2, "folder": "…", "environ": {…}}
    {"do": "stop", "server": 1, "grace_s": 2.0}     SIGTERM, then SIGKILL to the group after the grace
    {"do": "kill", "server": 1}

Events::

    {"event": "up"}                                        imports are done
    {"event": "forked", "server": 1, "pids": [41, 42]}
    {"event": "exited", "server": 1, "pid": 41, "code": 1}  negative: a signal
    {"event": "gone", "server": 1, "killed": false}        nothing of this server is left

On the status socket each worker says `ready` and, after its application's shutdown, `down`; it then lingers until
the grader answers, so that what the application left open can be seen from outside. Asked by `tasks` there, a worker
writes to its pipe for stalls what its tasks wait for.

When the grader goes away, by whatever means, its socket closes and the launcher kills all that it started.
"""

import asyncio
import contextlib
import ctypes
import gc
import importlib
import io
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from grader.child.stalls import Watchdog

LINGER_S = 2.0
"""How long a worker waits at most, after its shutdown, for the grader to have looked."""

DESCRIPTORS = 64
"""How many descriptors may come with one command."""

POLL_S = 0.05
"""How often deadlines and the end of process groups are looked at."""

WARM = ("fastapi", "fastapi.responses", "httpx", "anyio.to_thread", "uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.on")
"""Imported once, before the first fork. Modules with threads or sockets of their own must not be here."""

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


@dataclass
class Group:
    """The processes of one server."""

    pids: set[int]
    leader: int
    kill_at: float | None = None
    killed: bool = False


@dataclass(frozen=True)
class Worker:
    """What a freshly forked process is to serve."""

    folder: str
    environ: dict[str, str]
    leader: int
    listening: int
    log: int
    status: int
    stalls: int


@dataclass
class Supervisor:
    """Serves the grader's commands until its socket closes; `woken` becomes readable when a child ends."""

    control: socket.socket
    woken: socket.socket
    groups: dict[int, Group] = field(default_factory=dict)
    descriptors: list[int] = field(default_factory=list)
    unread: bytes = b""

    def run(self) -> Worker | None:
        """Serve commands; returns a `Worker` in a forked child, None in the launcher when the grader has gone."""
        self.say({"event": "up"})
        while True:
            readable, _, _ = select.select([self.control, self.woken], [], [], POLL_S if self.groups else None)
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

    def say(self, event: dict[str, Any]) -> None:
        """Send one event; a grader that has gone is noticed by the next read."""
        with contextlib.suppress(OSError):
            self.control.sendall(json.dumps(event).encode() + b"\n")

    def obey(self, command: dict[str, Any]) -> Worker | None:
        """Carry out one command; returns a `Worker` in a forked child."""
        if command["do"] == "start":
            return self.start(command)
        group = self.groups.get(command["server"])
        if group is not None and command["do"] == "stop":
            group.kill_at = time.monotonic() + command["grace_s"]
            for pid in group.pids:
                send_signal(pid, signal.SIGTERM)
        elif group is not None:
            self.kill(group)
        return None

    def start(self, command: dict[str, Any]) -> Worker | None:
        """Fork the workers of a server."""
        count = command["workers"]
        passed = self.descriptors[: 2 * count + 2]
        del self.descriptors[: 2 * count + 2]
        listening, stalls, (log, status) = passed[:count], passed[count : 2 * count], passed[2 * count :]
        leader = 0
        pids: set[int] = set()
        for i in range(count):
            pid = os.fork()
            if pid == 0:
                for other in set(listening + stalls) - {listening[i], stalls[i]}:
                    os.close(other)
                return Worker(command["folder"], command["environ"], leader, listening[i], log, status, stalls[i])
            leader = leader or pid
            with contextlib.suppress(OSError):
                os.setpgid(pid, leader)
            pids.add(pid)
        for descriptor in passed:
            os.close(descriptor)
        self.groups[command["server"]] = Group(pids=pids, leader=leader)
        self.say({"event": "forked", "server": command["server"], "pids": sorted(pids)})
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
                    self.say({"event": "exited", "server": server, "pid": pid, "code": os.waitstatus_to_exitcode(status)})
        for server, group in list(self.groups.items()):
            if group.kill_at is not None and time.monotonic() >= group.kill_at:
                group.killed = True
                self.kill(group)
            if not group.pids:
                self.kill(group)
                del self.groups[server]
                self.kill_orphans()
                self.say({"event": "gone", "server": server, "killed": group.killed})

    def kill(self, group: Group) -> None:
        """SIGKILL to the whole process group of a server."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group.leader, signal.SIGKILL)

    def kill_orphans(self) -> None:
        """Kill what left its process group; it has become our child (Linux) and belongs to no living server."""
        if not sys.platform.startswith("linux"):
            return
        ours = {pid for group in self.groups.values() for pid in group.pids}
        for _ in range(100):
            orphans = children_of(os.getpid()) - ours
            if not orphans:
                return
            for pid in orphans:
                send_signal(pid, signal.SIGKILL)
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, 0)

    def kill_all(self) -> None:
        """End everything that was started; called when the grader has gone."""
        for group in self.groups.values():
            self.kill(group)
            for pid in group.pids:
                send_signal(pid, signal.SIGKILL)
        self.groups.clear()
        self.kill_orphans()


def send_signal(pid: int, number: int) -> None:
    """Send a signal to a process that may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def children_of(parent: int) -> set[int]:
    """Pids of the direct children of a process, from `/proc/PID/stat`."""
    children = set()
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                after_name = file.read().rpartition(b")")[2].split()
        except OSError:
            continue
        if int(after_name[1]) == parent:
            children.add(int(name))
    return children


def set_process_option(option: int, value: int) -> None:
    """Call Linux' `prctl`; elsewhere do nothing."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


class Server(uvicorn.Server):
    """uvicorn's server, which tells the grader when it is ready and when its application has shut down."""

    def __init__(self, config: uvicorn.Config, status: socket.socket, watchdog: Watchdog) -> None:
        super().__init__(config)
        self.status = status
        self.watchdog = watchdog

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self.watchdog.start()
            asyncio.get_running_loop().add_reader(self.status, self.obey)
            self.tell(b"ready\n")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets=sockets)
        self.watchdog.stop()
        asyncio.get_running_loop().remove_reader(self.status)
        self.tell(b"down\n")
        # Blocking on purpose: nothing of the application may run on or be collected while the grader looks.
        select.select([self.status], [], [], LINGER_S)

    def obey(self) -> None:
        """The grader asks what the tasks wait for; nothing else comes this way while the server runs."""
        if self.status.recv(4096):
            self.watchdog.tell_tasks()
        else:
            asyncio.get_running_loop().remove_reader(self.status)

    def tell(self, line: bytes) -> None:
        """Say one word to the grader, which may be gone."""
        with contextlib.suppress(OSError):
            self.status.sendall(line)


def serve(worker: Worker) -> None:
    """Become the solution's server process: import its `app` and serve it until SIGTERM."""
    set_process_option(PR_SET_PDEATHSIG, signal.SIGKILL)
    with contextlib.suppress(OSError):
        os.setpgid(0, worker.leader)
    for descriptor in (1, 2):
        os.dup2(worker.log, descriptor)
    os.close(worker.log)
    # As in a terminal: a crash must not lose the lines before it.
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "wb", closefd=False), line_buffering=True)
    os.environ.clear()
    os.environ.update(worker.environ)
    os.chdir(worker.folder)
    sys.argv = ["uvicorn", "app:app"]
    sys.path.insert(0, worker.folder)
    sys.dont_write_bytecode = True
    application = importlib.import_module("app").app
    config = uvicorn.Config(
        application,
        http="h11",
        loop="asyncio",
        log_level="warning",
        access_log=False,
    )
    server = Server(config, socket.socket(fileno=worker.status), Watchdog(worker.stalls))
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        server.run(sockets=[socket.socket(fileno=worker.listening)])
    if not server.started:
        sys.exit(uvicorn.config.STARTUP_FAILURE)


def main(control: int, warm: Sequence[str] = ()) -> None:
    """Be the launcher, on the control socket with this descriptor; `warm` names further modules to import first."""
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in (*WARM, *warm):
        importlib.import_module(name)
    gc.freeze()
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    supervisor = Supervisor(socket.socket(fileno=control), woken)
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
