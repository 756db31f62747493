"""The app in the foreground, for `kata run`: a server process with the learner's own rights, terminal and debugger.

It reports events to the grader over a pipe, one JSON object per line::

    {"event": "ready"}
    {"event": "request", "method": "GET", "path": "/labels/7", "status": 200, "ms": 101.2, "port": 50312}
    {"event": "breakpoint"}                                     the app is blocked from now on
    {"event": "broken", "error": "ModuleNotFoundError: No module named 'nothing'", "file": "app.py", "line": 3}

The status is null if there was no answer. The port is the client's. Events that do not fit into the pipe are dropped,
so that the app never waits for the grader.
"""

import asyncio
import contextlib
import importlib
import json
import os
import pdb
import signal
import socket
import sys
import time
import traceback
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

from grader.child.process import PR_SET_PDEATHSIG, set_process_option

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

PATH_CHARS = 500
ERROR_CHARS = 300


class EventWriter:
    """Writes events to the pipe.

    Args:
        pipe: descriptor of the write end.
    """

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        os.set_blocking(pipe, False)
        # Child processes of the app do not need the pipe, and would keep it open.
        os.set_inheritable(pipe, False)

    def write(self, event: str, **facts: object) -> None:
        """Write one event. Lines are short enough for atomic writes, even with several workers."""
        with contextlib.suppress(OSError):
            os.write(self._pipe, json.dumps({"event": event, **facts}).encode() + b"\n")


class LoggedApplication:
    """An ASGI application that reports the status and the duration of each request."""

    def __init__(self, application: Application, events: EventWriter) -> None:
        self._application = application
        self._events = events

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        began_s = time.perf_counter()
        status: int | None = None
        is_over = False

        async def send_on(message: Message) -> None:
            nonlocal status, is_over
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            # Report at the last byte, because no client waits for what the app does after its answer.
            if (
                message["type"] == "http.response.body"
                and not message.get("more_body")
                and not is_over
            ):
                is_over = True
                self._report(scope, status, began_s)

        try:
            await self._application(scope, receive, send_on)
        finally:
            if not is_over:
                self._report(scope, status, began_s)

    def _report(self, scope: Message, status: int | None, began_s: float) -> None:
        query = scope["query_string"].decode("latin-1")
        path = scope["path"] + (f"?{query}" if query else "")
        port = scope["client"][1] if scope.get("client") else None
        ms = 1000 * (time.perf_counter() - began_s)
        self._events.write(
            "request",
            method=scope["method"][:20],
            path=path[:PATH_CHARS],
            status=status,
            ms=ms,
            port=port,
        )


class Server(uvicorn.Server):
    """A uvicorn server that reports when it is ready."""

    def __init__(self, config: uvicorn.Config, events: EventWriter) -> None:
        super().__init__(config)
        self._events = events

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then report that it is ready."""
        await super().startup(sockets=sockets)
        if self.started:
            self._events.write("ready")


def find_place(error: BaseException, folder: Path) -> tuple[str, int] | None:
    """The learner's file and line where an exception was raised, or where a syntax error is; None if it is in none of
    their files.
    """
    if isinstance(error, SyntaxError) and error.filename:
        places = [(error.filename, error.lineno or 1)]
    else:
        places = [
            (frame.filename, frame.lineno or 1)
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    ours = [
        (Path(file).relative_to(folder).as_posix(), line)
        for file, line in places
        if Path(file).is_relative_to(folder)
    ]
    return ours[-1] if ours else None


def import_application(folder: Path, events: EventWriter) -> Application | None:
    """Import the learner's `app`; if that fails, report why and return None."""
    sys.path.insert(0, str(folder))
    try:
        module = importlib.import_module("app")
    except (Exception, SystemExit) as error:
        message = " ".join(traceback.format_exception_only(error)[-1].split())
        file, line = find_place(error, folder) or ("app.py", None)
        events.write("broken", error=message[:ERROR_CHARS], file=file, line=line)
        return None
    application = getattr(module, "app", None)
    if not callable(application):
        events.write("broken", error="it defines no `app`", file="app.py", line=None)
        return None
    return application  # type: ignore[no-any-return]


def watch_breakpoints(events: EventWriter) -> None:
    """Report when `breakpoint()` is reached, and keep pdb from handling Ctrl-C, so that it still ends the server.

    If PYTHONBREAKPOINT names another debugger, that debugger is used.
    """

    def stop_here(*arguments: Any, **options: Any) -> Any:
        events.write("breakpoint")
        if os.environ.get("PYTHONBREAKPOINT"):
            return sys.__breakpointhook__(*arguments, **options)
        return pdb.Pdb(nosigint=True).set_trace(sys._getframe().f_back)

    sys.breakpointhook = stop_here


def main(folder: str, listening: int, pipe: int) -> None:
    """Run a server process: import `app` from this folder and serve it until SIGINT or SIGTERM.

    Args:
        folder: contains the `app.py`.
        listening: descriptor of the listening socket.
        pipe: descriptor to which events are written.
    """
    set_process_option(PR_SET_PDEATHSIG, signal.SIGKILL)
    # The grader started this process with SIGINT blocked. Ignore it until uvicorn handles it: on Ctrl-C the grader ends
    # this process with SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    events = EventWriter(pipe)
    os.set_inheritable(listening, False)
    sys.argv = ["uvicorn", "app:app"]
    sys.dont_write_bytecode = True
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(line_buffering=True)
    watch_breakpoints(events)
    application = import_application(Path(folder), events)
    if application is None:
        sys.exit(1)
    logged = LoggedApplication(application, events)
    config = uvicorn.Config(
        logged, http="h11", loop="asyncio", log_level="warning", access_log=False, interface="asgi3"
    )
    server = Server(config, events)
    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        server.run(sockets=[socket.socket(fileno=listening)])
    if not server.started:
        sys.exit(uvicorn.config.STARTUP_FAILURE)
