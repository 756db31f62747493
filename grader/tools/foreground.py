"""Runs an app in the foreground, as plain server processes in the user's terminal, for curl, browsers and debuggers.

The processes share the grader's process group, so they can read from the terminal (`breakpoint()`) and receive Ctrl-C.
"""

import contextlib
import json
import math
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
import psutil

from grader.errors import HarnessError
from grader.process.pipe import PipeReader
from grader.process.run_dir import note_process
from grader.tools.terminal import adopted_orphans, kept_terminal, uninterrupted

CODE = """\
import json, sys
root, config = sys.argv[1:]
sys.path.insert(0, root)
from grader.child.foreground import main
sys.path.remove(root)
main(**json.loads(config))
"""
CODE_ROOT = Path(__file__).resolve().parents[2]

LINE_BYTES = 16 * 1024
"""Longer lines on the pipe of events are ignored."""

DEBUGGED_S = 0.2
"""How long an app at a breakpoint may take to stop; short, because it cannot react."""

KILLED_S = 5.0
"""How long the system may take to end a killed process."""


@dataclass(frozen=True)
class AppPlan:
    """How to run an app.

    Attributes:
        folder: with its `app.py`; no part of the path may be a symbolic link.
        workers: number of server processes, which share the socket.
        environ: variables in addition to those of this process.
        stop_s: how long the processes may take to stop before they are killed.
    """

    folder: Path
    workers: int
    environ: Mapping[str, str]
    stop_s: float


@dataclass(frozen=True)
class Request:
    """A request that the app has answered, as reported by the app's own process.

    Attributes:
        status: None if there was no answer.
        ms: time from the app's start on the request to the last byte.
        port: of the client.
    """

    method: str
    path: str
    status: int | None
    ms: float
    port: int | None


@dataclass(frozen=True)
class Broken:
    """Why an app cannot be imported.

    Attributes:
        line: in the learner's file, if known.
    """

    error: str
    file: str
    line: int | None


class App:
    """An app that runs in the foreground.

    Attributes:
        is_ready: set when all its processes accept connections.
        broken: why it could not be imported; None if no import has failed.
        in_debugger: it has reached a breakpoint, and has not answered a request since.
        hurry: when set, `stop` kills the app without waiting.
        was_killed: whether `stop` had to kill it.
    """

    def __init__(self, plan: AppPlan, on_request: Callable[[Request], None]) -> None:
        self.is_ready = anyio.Event()
        self.broken: Broken | None = None
        self.in_debugger = False
        self.hurry = anyio.Event()
        self.was_killed = False
        self._plan = plan
        self._on_request = on_request
        self._ready = 0
        self._unread = b""
        self._processes: list[anyio.abc.Process] = []
        self._before = frozenset(psutil.Process().children())

    @property
    def pids(self) -> list[int]:
        """Pids of its live server processes."""
        return [process.pid for process in self._processes if process.returncode is None]

    async def start(self, listening: socket.socket, pipe: int, run_dir: Path) -> None:
        """Start its processes.

        Raises:
            HarnessError: a process cannot be started.
        """
        config = json.dumps(
            {"folder": str(self._plan.folder), "listening": listening.fileno(), "pipe": pipe}
        )
        # -P: files in the app's folder must not shadow modules that the server needs. `main` puts the folder on the
        # path after the server's own imports.
        command = [sys.executable, "-P", "-c", CODE, str(CODE_ROOT), config]
        for _ in range(self._plan.workers):
            try:
                with uninterrupted():
                    process = await anyio.open_process(
                        command,
                        stdin=None,
                        stdout=None,
                        stderr=None,
                        cwd=self._plan.folder,
                        env={**os.environ, **self._plan.environ},
                        pass_fds=[listening.fileno(), pipe],
                    )
            except OSError as error:
                raise HarnessError(
                    f"Cannot start a process for the app: {error.strerror}.",
                    "Close other programs.",
                ) from error
            self._processes.append(process)
            note_process(run_dir, process.pid)

    async def ended(self) -> int:
        """Wait until one of its processes has exited; returns the exit code, negative for a signal."""
        codes: list[int] = []

        async def wait(process: anyio.abc.Process) -> None:
            codes.append(await process.wait())
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for process in self._processes:
                tasks.start_soon(wait, process)
        return codes[0]

    async def stop(self) -> None:
        """Ask the app to stop, wait, and kill its remaining processes and all their descendants."""
        started = self._descendants()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)
        with anyio.move_on_after(DEBUGGED_S if self.in_debugger else self._plan.stop_s):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._cancel_in_a_hurry, tasks.cancel_scope)
                for process in self._processes:
                    await process.wait()
                tasks.cancel_scope.cancel()
        self.was_killed = bool(self.pids)
        started |= self._descendants()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            with anyio.move_on_after(KILLED_S):
                await process.wait()
        await anyio.to_thread.run_sync(_kill_all, started | self._descendants())

    def _descendants(self) -> set[psutil.Process]:
        """Descendants of this process that appeared after the app started, other than the app's server processes."""
        own = {process.pid for process in self._processes}
        children = [child for child in psutil.Process().children() if child not in self._before]
        found = {child for child in children if child.pid not in own}
        for child in children:
            with contextlib.suppress(psutil.Error):
                found.update(child.children(recursive=True))
        return found

    async def _cancel_in_a_hurry(self, scope: anyio.CancelScope) -> None:
        await self.hurry.wait()
        scope.cancel()

    def receive(self, data: bytes) -> None:
        """Handle data from the pipe of events. The learner's code can write to it too, so invalid lines are ignored."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        self._unread = self._unread[-LINE_BYTES:]
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                self._take(json.loads(line))

    def _take(self, event: Mapping[str, Any]) -> None:
        kind = event["event"]
        if kind == "ready":
            self._ready += 1
            if self._ready == self._plan.workers:
                self.is_ready.set()
        elif kind == "broken":
            line = event["line"]
            self.broken = self.broken or Broken(
                str(event["error"]), str(event["file"]), line if type(line) is int else None
            )
        elif kind == "breakpoint":
            self.in_debugger = True
        elif kind == "request":
            self.in_debugger = False
            self._on_request(_request(event))


def _request(event: Mapping[str, Any]) -> Request:
    status, port, ms = event["status"], event["port"], float(event["ms"])
    if not math.isfinite(ms):
        raise ValueError("not a duration")
    return Request(
        method=str(event["method"]),
        path=str(event["path"]),
        status=status if type(status) is int else None,
        ms=ms,
        port=port if type(port) is int else None,
    )


@contextlib.asynccontextmanager
async def running_app(
    plan: AppPlan, listening: socket.socket, run_dir: Path, on_request: Callable[[Request], None]
) -> AsyncIterator[App]:
    """Run an app in the foreground; afterwards, none of its processes is left.

    Args:
        plan: how to run it.
        listening: the socket on which the app listens.
        run_dir: temporary folder that records its processes.
        on_request: called after each answered request.

    Raises:
        HarnessError: it cannot be started.
    """
    reading, writing = os.pipe()
    app = App(plan, on_request)
    reader = PipeReader(reading, app.receive)
    with kept_terminal(), adopted_orphans(), contextlib.closing(reader):
        async with anyio.create_task_group() as tasks:
            try:
                try:
                    await app.start(listening, writing, run_dir)
                finally:
                    os.close(writing)
                tasks.start_soon(reader.follow)
                yield app
            finally:
                with anyio.CancelScope(shield=True):
                    await app.stop()
                tasks.cancel_scope.cancel()


def _kill_all(processes: Iterable[psutil.Process]) -> None:
    """Kill these processes and wait until they are gone; psutil never kills a reused pid."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=KILLED_S)
