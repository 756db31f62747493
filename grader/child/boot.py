"""The launcher: imports what solutions need once, then forks a server for each check.

It runs in its own process, in a sandbox where there is one. It and the workers it forks are the only code of the grader
that runs beside a solution. It imports the standard library, uvicorn, and, to warm them up, the packages that solutions
use. The grader speaks to it over a Unix socket: one JSON object a line, descriptors beside it.

Commands (`start` comes with descriptors: for each worker a listening socket and a pipe for its stalls, then log and
status)::

    {"do": "start", "server": 1, "workers": 2, "folder": "…", "environ": {…}}
    {"do": "stop", "server": 1, "grace_s": 2.0}     SIGTERM, then SIGKILL to the group after the grace period
    {"do": "kill", "server": 1}
    {"do": "sockets", "id": 1, "listening": 1, "plain": 20}  made here, in the sandbox's own network

Events; `fds` is the number of descriptors that come with an event::

    {"event": "forked", "server": 1, "pids": [41, 42], "fds": 2}
    {"event": "exited", "server": 1, "pid": 41, "code": 1}  negative: a signal
    {"event": "others", "pids": [43], "fds": 1}            all other processes now
    {"event": "exceeded", "server": 1, "what": "memory_bytes", "limit": …, "seen": …}    the server is killed
    {"event": "gone", "server": 1, "killed": false}        nothing of this server is left
    {"event": "sockets", "id": 1, "fds": 21}     or with "error", when they cannot be made

Pids in a sandbox mean nothing outside, so a descriptor of each process (`pidfd_open`) goes with them.

When the grader goes away, for whatever reason, its socket closes and the launcher kills all that it started.
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
"""Imported once, before the first fork, including what these import on first use. Modules with threads or sockets of
their own must not be here."""

NOT_NEEDED = "httpx._main"
"""The command line of httpx, which imports rich and click: 0.06 s for nothing that a solution uses."""


def warm_up(names: Iterable[str]) -> None:
    """Import those of these modules that are installed."""
    # httpx does without its command line if that cannot be imported.
    sys.modules[NOT_NEEDED] = None  # type: ignore[assignment]
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    del sys.modules[NOT_NEEDED]


def main(control: int, config: dict[str, Any]) -> None:
    """Be the launcher.

    Args:
        control: descriptor of the control socket.
        config: `warm`, further modules to import first; `resources`, what a server may use; `sandboxed`, `as_root` and
            `traceable`, the fields of `Confinement`.
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
        # Skip the interpreter's clean-up, for which the grader would wait 0.1 s.
        os._exit(0)
    serve(worker)


def supervise(control: int, resources: Resources, confinement: Confinement) -> Worker | None:
    """Serve the grader until it goes away, then kill all that was started and return None; return a `Worker` in a
    forked child, which keeps nothing of the launcher.
    """
    woken, wake = socket.socketpair()
    wake.setblocking(False)
    signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    spoken = Control(socket.socket(fileno=control), sends_handles=confinement.sandboxed)
    supervisor = Supervisor(spoken, woken, resources, confinement)
    worker = supervisor.run()
    if worker is None:
        supervisor.kill_all()
        return None
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for ours in (spoken, woken, wake):
        ours.close()
    return worker
