"""The app in the foreground: plain server processes beside the grader in its terminal, for curl, browsers and
debuggers.

They share the grader's process group, so that they may read from the terminal (`breakpoint()`) and Ctrl-C reaches them,
too.
"""

import contextlib
import json
import math
import os
import signal
import socket
import sys
import termios
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
import psutil

from grader.child.process import PR_SET_CHILD_SUBREAPER, set_process_option
from grader.errors import HarnessError
from grader.process.pipe import PipeReader
from grader.process.run_dir import note_process

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
"""Of what the app tells, a line longer than this is none."""

DEBUGGED_S = 0.2
"""How long an app that stands in its debugger gets to stop: it cannot."""

KILLED_S = 5.0
"""How long the system may take to end a killed process."""


@dataclass(frozen=True)
class AppPlan:
    """How an app is to be run.

    Attributes:
        folder: with its `app.py`; must have no link in it.
        workers: number of server processes; they share the socket.
        environ: what is added to the environment of this process.
        stop_s: how long they may take to stop.
    """

    folder: Path
    workers: int
    environ: Mapping[str, str]
    stop_s: float


@dataclass(frozen=True)
class Request:
    """A request that the app has answered, as it tells itself.

    Attributes:
        status: None when it gave no answer.
        ms: from the app's beginning with it to the last byte.
        port: of the visitor.
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
        line: of the learner's file, if it is known.
    """

    error: str
    file: str
    line: int | None


class App:
    """An app that runs in the foreground.

    Attributes:
        is_ready: all its processes accept connections.
        broken: why it could not be imported, once it is known.
        in_debugger: it has reached a breakpoint, and answered nothing since.
        hurry: set it to end the app at once when it is being stopped.
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
        """Pids of its server processes that are alive."""
        return [process.pid for process in self._processes if process.returncode is None]

    async def start(self, listening: socket.socket, pipe: int, run_dir: Path) -> None:
        """Start its processes.

        Raises:
            HarnessError: one cannot be started.
        """
        config = json.dumps(
            {"folder": str(self._plan.folder), "listening": listening.fileno(), "pipe": pipe}
        )
        # -P: nothing of the folder may be imported in place of what the server itself needs; it comes first only
        # afterwards.
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
                    f"No process can be started for the app: {error.strerror}.",
                    "Close other programs.",
                ) from error
            self._processes.append(process)
            note_process(run_dir, process.pid)

    async def ended(self) -> int:
        """Wait until one of its processes has ended; returns the exit code, negative for a signal."""
        codes: list[int] = []

        async def wait(process: anyio.abc.Process) -> None:
            codes.append(await process.wait())
            tasks.cancel_scope.cancel()

        async with anyio.create_task_group() as tasks:
            for process in self._processes:
                tasks.start_soon(wait, process)
        return codes[0]

    async def stop(self) -> None:
        """Ask it to stop, wait for that, and end what is left of it and of all that it has started."""
        started = self._strangers()
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
        started |= self._strangers()
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            with anyio.move_on_after(KILLED_S):
                await process.wait()
        await anyio.to_thread.run_sync(_end, started | self._strangers())

    def _strangers(self) -> set[psutil.Process]:
        """All that runs below this process and did not before the app began, but for the app's own processes."""
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

    def hear(self, data: bytes) -> None:
        """Take in what its processes tell; what makes no sense is left out, since the learner's code can write there,
        too.
        """
        *lines, self._unread = (self._unread + data).split(b"\n")
        self._unread = self._unread[-LINE_BYTES:]
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
                self._take(json.loads(line))

    def _take(self, told: Mapping[str, Any]) -> None:
        kind = told["event"]
        if kind == "ready":
            self._ready += 1
            if self._ready == self._plan.workers:
                self.is_ready.set()
        elif kind == "broken":
            line = told["line"]
            self.broken = self.broken or Broken(
                str(told["error"]), str(told["file"]), line if type(line) is int else None
            )
        elif kind == "breakpoint":
            self.in_debugger = True
        elif kind == "request":
            self.in_debugger = False
            self._on_request(_request(told))


def _request(told: Mapping[str, Any]) -> Request:
    status, port, ms = told["status"], told["port"], float(told["ms"])
    if not math.isfinite(ms):
        raise ValueError("no time")
    return Request(
        method=str(told["method"]),
        path=str(told["path"]),
        status=status if type(status) is int else None,
        ms=ms,
        port=port if type(port) is int else None,
    )


@contextlib.asynccontextmanager
async def running_app(
    plan: AppPlan, listening: socket.socket, run_dir: Path, on_request: Callable[[Request], None]
) -> AsyncIterator[App]:
    """Run an app in the foreground; afterwards nothing of it is left.

    Args:
        plan: how.
        listening: where it is to listen.
        run_dir: temporary folder, in which its processes are noted.
        on_request: called with each request that it has answered.

    Raises:
        HarnessError: it cannot be started.
    """
    told, telling = os.pipe()
    app = App(plan, on_request)
    reader = PipeReader(told, app.hear)
    with kept_terminal(), adopted_orphans(), contextlib.closing(reader):
        async with anyio.create_task_group() as tasks:
            try:
                try:
                    await app.start(listening, telling, run_dir)
                finally:
                    os.close(telling)
                tasks.start_soon(reader.follow)
                yield app
            finally:
                with anyio.CancelScope(shield=True):
                    await app.stop()
                tasks.cancel_scope.cancel()


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """A process that is started meanwhile gets no Ctrl-C before it asks for it: in the middle of its imports it would
    show where it was.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def kept_terminal() -> Iterator[None]:
    """Give the terminal back as it was: a debugger that is killed leaves it without echo."""
    try:
        before = termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, OSError, ValueError, AttributeError):  # no terminal
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(termios.error, OSError):
            # In the background it is another's to set, and trying would stop this process.
            if (
                os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
                and termios.tcgetattr(sys.stdin.fileno()) != before
            ):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, before)


@contextlib.contextmanager
def adopted_orphans() -> Iterator[None]:
    """Meanwhile what an app leaves behind at its end becomes a child of this process. Linux only."""
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        set_process_option(PR_SET_CHILD_SUBREAPER, 0)


def _end(processes: Iterable[psutil.Process]) -> None:
    """End these at once; psutil sees to it that a pid which is another's by now is left alone."""
    for process in processes:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(processes, timeout=KILLED_S)
