"""The launcher: imports once what solutions need, then forks a server for each check, several at a time if asked to.

It is a process of its own, in the sandbox if there is one. The launcher, the keepers of its servers and their workers
are the only code of the grader that runs beside a solution. It imports the standard library, uvicorn, and the packages
that solutions use. It reads the grader's commands from a Unix socket, and passes those about a server to its keeper;
launcher and keepers send events on the same socket. Each is one JSON object per line, with descriptors as ancillary
data, sent at once.

Commands (`start` has descriptors: a listening socket for each worker, a pipe for stalls for each worker, log, status,
and, if `grouped` is true, the server's cgroup: its file `cgroup.procs`, opened for writing)::

    {"do": "start", "server": 1, "workers": 2, "folder": "…", "environ": {…}, "grouped": false}
    {"do": "stop", "server": 1, "grace_s": 2.0}                   SIGTERM, later SIGKILL to all that descends from it
    {"do": "linger", "server": 1}                                 it has shut down: no SIGKILL at the end of the grace
    {"do": "kill", "server": 1}
    {"do": "sockets", "id": 1, "listening": 1, "plain": 20}       made in the sandbox's network

Events; `fds` is the number of descriptors that are sent with an event::

    {"event": "forked", "server": 1, "pids": [41, 42], "grouped": false, "fds": 2}
    {"event": "exited", "server": 1, "pid": 41, "code": 1, "killed": false}   negative: a signal; killed: by the keeper
    {"event": "others", "server": 1, "pids": [43], "fds": 1}      its processes that are not workers
    {"event": "exceeded", "server": 1, "what": "memory_bytes", "limit": …, "seen": …}  the server is killed
    {"event": "gone", "server": 1, "killed": false}               all of its processes have exited
    {"event": "sockets", "id": 1, "fds": 21}                      has "error" instead if they cannot be made

A sandbox's pids mean nothing outside, so a descriptor of each process (`pidfd_open`) is sent with them.

If the grader exits for any reason, its socket closes, and the launcher has each keeper kill its server.
"""

import contextlib
import gc
import importlib
import os
import signal
import socket
import sys
from collections.abc import Iterable
from typing import Any

from grader.child.control import Control
from grader.child.limits import Resources, restrict
from grader.child.process import (
    PR_SET_CHILD_SUBREAPER,
    PR_SET_DUMPABLE,
    set_process_option,
)
from grader.child.supervisor import Supervisor
from grader.child.worker import Confinement, Worker, serve

WARM = (
    "fastapi", "fastapi.responses", "httpx", "anyio.to_thread", "uvicorn.protocols.http.h11_impl",
    "uvicorn.lifespan.on",
    "pydantic.v1", "httpcore", "uvicorn.protocols.websockets.auto",
)  # fmt: skip
"""Modules to import once, before the first fork, including those that they import on first use. They must not start
threads or open sockets."""

NOT_NEEDED = "httpx._main"
"""The command line of httpx. It imports rich and click, which takes 0.06 s, and no solution uses it."""


def warm_up(names: Iterable[str]) -> None:
    """Import these modules, except those that are not installed."""
    # httpx works without its command line if that cannot be imported.
    sys.modules[NOT_NEEDED] = None  # type: ignore[assignment]
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del sys.modules[NOT_NEEDED]


def main(control: int, config: dict[str, Any]) -> None:
    """Run the launcher.

    Args:
        control: descriptor of the control socket.
        config: `warm`, additional modules to import first; `resources`, the fields of `Resources`; `sandboxed`,
            `as_root` and `traceable`, the fields of `Confinement`.
    """
    resources = Resources(**config["resources"])
    confinement = Confinement(
        bool(config["sandboxed"]), bool(config["as_root"]), bool(config["traceable"])
    )
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    if confinement.sandboxed:
        set_process_option(PR_SET_DUMPABLE, 0)
    restrict(resources, alone=confinement.sandboxed)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warm_up((*WARM, *config["warm"]))
    gc.freeze()
    role = supervise(control, resources, confinement)
    if isinstance(role, int):
        # Skip the interpreter's finalization, for which the grader would wait 0.1 s.
        os._exit(role)
    serve(role)


def supervise(control: int, resources: Resources, confinement: Confinement) -> Worker | int:
    """Serve the grader until it exits, then end all remaining processes; returns the exit code.

    The keepers and workers are forked in here: in a keeper's process, it returns the keeper's exit code, and in a
    worker's process a `Worker`, with all resources of launcher and keeper closed.
    """
    grader = Control(socket.socket(fileno=control), sends_handles=confinement.sandboxed)
    supervisor = Supervisor(grader, resources, confinement)
    keeper = supervisor.run()
    if keeper is None:
        supervisor.kill_all()
        return 0
    role = keeper.run()
    if isinstance(role, Worker):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return role
