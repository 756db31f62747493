"""The launcher: imports once what solutions need, then forks a server for each check.

It is a process of its own, in the sandbox if there is one. The launcher and its workers are the only code of the grader
that runs beside a solution. It imports the standard library, uvicorn, and the packages that solutions use. It talks to
the grader over a Unix socket: one JSON object per line, with descriptors as ancillary data.

Commands (`start` has descriptors: a listening socket for each worker, a pipe for stalls for each worker, log, status)::

    {"do": "start", "server": 1, "workers": 2, "folder": "…", "environ": {…}}
    {"do": "stop", "server": 1, "grace_s": 2.0}                   SIGTERM, later SIGKILL to the process group
    {"do": "kill", "server": 1}
    {"do": "sockets", "id": 1, "listening": 1, "plain": 20}       made in the sandbox's network

Events; `fds` is the number of descriptors that are sent with an event::

    {"event": "forked", "server": 1, "pids": [41, 42], "fds": 2}
    {"event": "exited", "server": 1, "pid": 41, "code": 1}        negative: a signal
    {"event": "others", "pids": [43], "fds": 1}                   all processes that are not workers
    {"event": "exceeded", "server": 1, "what": "memory_bytes", "limit": …, "seen": …}  the server is killed
    {"event": "gone", "server": 1, "killed": false}               all of its processes have exited
    {"event": "sockets", "id": 1, "fds": 21}                      has "error" instead if they cannot be made

A sandbox's pids mean nothing outside, so a descriptor of each process (`pidfd_open`) is sent with them.

If the grader exits for any reason, its socket closes, and the launcher kills everything that it has started.
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
    worker = supervise(control, resources, confinement)
    if worker is None:
        # Skip the interpreter's finalization, for which the grader would wait 0.1 s.
        os._exit(0)
    serve(worker)


def supervise(control: int, resources: Resources, confinement: Confinement) -> Worker | None:
    """Serve the grader until it exits, then kill all remaining processes and return None. In a forked child, return its
    `Worker` with all resources of the launcher closed.
    """
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    grader = Control(socket.socket(fileno=control), sends_handles=confinement.sandboxed)
    supervisor = Supervisor(grader, woken, resources, confinement)
    worker = supervisor.run()
    if worker is None:
        supervisor.kill_all()
        return None
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ours in (grader, woken, wake):
        ours.close()
    return worker
