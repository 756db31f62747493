"""A worker: the solution's own server process, forked by the launcher.

On the status socket a worker says `ready` and, after its application's shutdown, `down`; it then lingers until the
grader answers, so that what the application left open can be seen from outside. Asked by `tasks` there, it writes to
its pipe for stalls what its tasks wait for.
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

LINGER_S = 2.0
"""How long a worker waits at most, after its shutdown, for the grader to have looked."""


@dataclass(frozen=True)
class Worker:
    """What a freshly forked process is to serve; numbers are descriptors, but for the leader's pid.

    Attributes:
        sandboxed: system calls that lead past a sandbox are refused.
        as_root: outside of the sandbox its user is root.
        traceable: any process of the same user may look into this one, as a profiler does.
    """

    folder: str
    environ: dict[str, str]
    leader: int
    listening: int
    log: int
    status: int
    stalls: int
    sandboxed: bool
    as_root: bool
    traceable: bool = False


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
    # The launcher is not to be looked into, but its workers are, by the grader: descriptors, memory, profiles.
    set_process_option(PR_SET_DUMPABLE, 1)
    if worker.traceable:
        # Yama lets a process be looked into by its ancestors alone, unless it says otherwise.
        set_process_option(PR_SET_PTRACER, PR_SET_PTRACER_ANY)
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
    if worker.sandboxed:
        refuse_calls(as_root=worker.as_root)
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
