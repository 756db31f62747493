"""A worker: the solution's server process, forked by the launcher.

A worker writes `ready` to the status socket and, after its application has shut down, `down`. It then lingers until the
grader kills it or closes the socket, so that the grader can see from outside what the application left open. When the
grader writes `tasks` to the socket, the worker reports where its tasks wait, through its pipe for stalls; once it
lingers, it does not answer.
"""

import asyncio
import contextlib
import importlib
import io
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass

import uvicorn

from grader.child.process import (
    PR_SET_DUMPABLE,
    PR_SET_PDEATHSIG,
    PR_SET_PTRACER,
    PR_SET_PTRACER_ANY,
    set_process_option,
)
from grader.child.seccomp import refuse_calls
from grader.child.stalls import Watchdog

LINGER_S = 60.0
"""Maximum time that a worker lingers after its shutdown. The grader looks for some seconds and then kills the worker.
"""


@dataclass(frozen=True)
class Confinement:
    """How the launcher and its workers are confined.

    Attributes:
        sandboxed: whether they run in a sandbox: the launcher is the first process of its own pid namespace, and the
            filter of system calls applies to workers.
        as_root: whether the user is root outside of the sandbox.
        traceable: whether any process of the same user, such as a profiler, may attach to the workers.
    """

    sandboxed: bool
    as_root: bool = False
    traceable: bool = False


@dataclass(frozen=True)
class Worker:
    """Everything that a newly forked worker needs.

    Attributes:
        folder: contains the solution's `app.py`.
        environ: its whole environment.
        leader: pid of the server's first worker, which leads the process group; 0 in that worker.
        listening: descriptor of the listening socket.
        log: descriptor for standard output and standard error.
        status: descriptor of the status socket.
        stalls: descriptor of the pipe for stalls.
        confinement: of the worker.
    """

    folder: str
    environ: dict[str, str]
    leader: int
    listening: int
    log: int
    status: int
    stalls: int
    confinement: Confinement


class Server(uvicorn.Server):
    """A uvicorn server that reports to the grader when it is ready and when its application has shut down."""

    def __init__(self, config: uvicorn.Config, status: socket.socket, watchdog: Watchdog) -> None:
        super().__init__(config)
        self.status = status
        self.watchdog = watchdog

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report that the server is ready."""
        await super().startup(sockets=sockets)
        if self.started:
            self.watchdog.start()
            asyncio.get_running_loop().add_reader(self.status, self.obey)
            self.tell(b"ready\n")

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Shut down, report it, and linger until the grader has looked."""
        await super().shutdown(sockets=sockets)
        self.watchdog.stop()
        asyncio.get_running_loop().remove_reader(self.status)
        self.tell(b"down\n")
        # Block on purpose: the application must not run or be garbage-collected while the grader looks. Only the end of
        # the socket ends this wait, and no request that arrives on it.
        ending = select.poll()
        ending.register(self.status, 0)
        ending.poll(1000 * LINGER_S)

    def obey(self) -> None:
        """Answer the grader's only request while the server runs: where do the tasks wait?"""
        if self.status.recv(4096):
            self.watchdog.report_tasks()
        else:
            asyncio.get_running_loop().remove_reader(self.status)

    def tell(self, line: bytes) -> None:
        """Send one line to the grader, which may have exited."""
        with contextlib.suppress(OSError):
            self.status.sendall(line)


def serve(worker: Worker) -> None:
    """Become the solution's server process: import its `app` and serve it until SIGTERM."""
    enter(worker)
    application = importlib.import_module("app").app
    config = uvicorn.Config(
        application, http="h11", loop="asyncio", log_level="warning", access_log=False
    )
    server = Server(config, socket.socket(fileno=worker.status), Watchdog(worker.stalls))
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        server.run(sockets=[socket.socket(fileno=worker.listening)])
    if not server.started:
        sys.exit(uvicorn.config.STARTUP_FAILURE)


def enter(worker: Worker) -> None:
    """Turn this copy of the launcher into the solution's process: set its options, output, environment, working folder
    and filter of system calls.
    """
    set_process_option(PR_SET_PDEATHSIG, signal.SIGKILL)
    # Unlike the launcher, workers may be inspected by the grader: descriptors, memory, profiles.
    set_process_option(PR_SET_DUMPABLE, 1)
    if worker.confinement.traceable:
        # By default, Yama allows only the ancestors of a process to attach to it.
        set_process_option(PR_SET_PTRACER, PR_SET_PTRACER_ANY)
    with contextlib.suppress(OSError):
        os.setpgid(0, worker.leader)
    for descriptor in (1, 2):
        os.dup2(worker.log, descriptor)
    os.close(worker.log)
    # Line-buffered as in a terminal, so that a crash does not lose earlier lines.
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "wb", closefd=False), line_buffering=True)
    os.environ.clear()
    os.environ.update(worker.environ)
    os.chdir(worker.folder)
    if worker.confinement.sandboxed:
        refuse_calls(as_root=worker.confinement.as_root)
    sys.argv = ["uvicorn", "app:app"]
    sys.path.insert(0, worker.folder)
    sys.dont_write_bytecode = True
