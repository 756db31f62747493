"""`kata run`: runs an app with its services in the foreground, with a log and, if requested, load."""

import socket
from collections.abc import Mapping
from pathlib import Path

import anyio
import anyio.abc

from grader.catalog.manifest import Kata, require_load
from grader.checks.preparation import read_preparation
from grader.errors import ExitCode, HarnessError
from grader.evidence.traffic import ServiceEvent
from grader.grading.descriptors import raise_descriptor_limit
from grader.interactive.signals import EndSignals
from grader.load.rounds import Load
from grader.load.visitors import Visitors
from grader.measure.attempt import begin_attempt
from grader.measure.timing import Clock
from grader.process.run_dir import temporary_run_dir
from grader.process.sockets import MarkedSockets, listening_at, listening_near, no_delay
from grader.render.running import (
    Throttle,
    addresses,
    curl_command,
    ending,
    event_line,
    request_line,
    round_line,
)
from grader.render.terminal.screen import Screen
from grader.services.running import KataServices, environ_of, titles_of
from grader.services.service import CheckContext, Running
from grader.solution.solution import folder_to_run
from grader.tasks import single_error
from grader.tools.foreground import App, AppPlan, Request, running_app
from grader.workspace.target import target_of

TIDY_S = 1.0
"""Interval of forgetting finished exchanges, and of showing how many log lines were omitted."""

ROUND_S = 1.0
"""Minimum time between the starts of two rounds of load. Each round prints a line."""

DEBUGGER_POLL_S = 0.2
"""Polling interval while the app is in its debugger."""


class AppRun:
    """One execution of `kata run`.

    Args:
        kata: names the services and the load.
        folder: contains the `app.py`.
        run_dir: temporary folder.
        services: the kata's services, already started.
        listening: the app's listening socket.
        load: number of concurrent visitors; 0 means no load.
        screen: shows the log.
    """

    def __init__(
        self,
        kata: Kata,
        folder: Path,
        run_dir: Path,
        services: KataServices,
        listening: socket.socket,
        load: int,
        screen: Screen,
    ) -> None:
        self._kata = kata
        self._folder = folder
        self._run_dir = run_dir
        self._services = services
        self._listening = listening
        self._count = load
        self._screen = screen
        self._preparation = read_preparation(kata)
        self._attempt = begin_attempt(Clock())
        self._sockets = MarkedSockets(remembered=4 * load)
        self._throttle = Throttle()
        self._end_signals = EndSignals()
        self._app: App | None = None
        self._app_scope: anyio.CancelScope
        self._whole_scope: anyio.CancelScope
        self._exit_code: int | None = None

    @property
    def _port(self) -> int:
        port: int = self._listening.getsockname()[1]
        return port

    def run(self) -> bool:
        """Run until a signal arrives or the app exits; returns whether it was a signal. Re-raises SIGTERM and SIGHUP.

        Raises:
            BrokenError: a service or the kata failed.
        """
        with self._end_signals.restoring():
            anyio.run(self._run)
            self._screen.say(
                *ending(self._app_exited, self._app, self._exit_code, self._kata.limits.stop_s)
            )
        return not self._app_exited

    @property
    def _app_exited(self) -> bool:
        return not self._end_signals.signals

    async def _run(self) -> None:
        self._app_scope, self._whole_scope = anyio.CancelScope(), anyio.CancelScope()
        self._attempt.abort.on_break_off(self._end)
        async with single_error(), self._end_signals.handling(self._end, self._end_at_once):
            with self._whole_scope:
                await self._serve()
        if self._attempt.recorder.mishap and not self._end_signals.signals:
            raise HarnessError(
                self._attempt.recorder.mishap, "Run it again; if it recurs, please report it."
            )

    def _end(self) -> None:
        """Stop the app. Its services keep running until it has stopped, because it may need them to shut down."""
        self._app_scope.cancel()
        if self._app is None:
            self._whole_scope.cancel()

    def _end_at_once(self) -> None:
        self._whole_scope.cancel()
        if self._app is not None:
            self._app.hurry.set()

    async def _serve(self) -> None:
        running = self._services.fresh(CheckContext(self._listen, self._attempt))
        async with running as services, anyio.create_task_group() as tasks:
            if self._preparation is not None:
                await self._preparation.carry_out(services, tasks)
            self._attempt.recorder.subscribe(self._show_event)
            with self._app_scope:
                await self._run_app(services)
            tasks.cancel_scope.cancel()

    async def _run_app(self, services: Mapping[str, Running]) -> None:
        plan = AppPlan(
            self._folder, self._kata.workers, environ_of(services), self._kata.limits.stop_s
        )
        async with running_app(plan, self._listening, self._run_dir, self._show_request) as app:
            self._app = app
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._tidy, services)
                tasks.start_soon(self._announce_and_load, app, services, tasks)
                self._exit_code = await app.ended()
                tasks.cancel_scope.cancel()

    async def _listen(self) -> socket.socket:
        return no_delay(listening_near(self._port + 1))

    async def _announce_and_load(
        self, app: App, services: Mapping[str, Running], tasks: anyio.abc.TaskGroup
    ) -> None:
        """Wait for the app, show all addresses, then send the load."""
        with anyio.move_on_after(self._kata.limits.start_s):
            await app.is_ready.wait()
        if not app.is_ready.is_set():
            self._screen.say(
                f"The app has not started within {self._kata.limits.start_s:g} s. Still waiting; Ctrl-C stops it."
            )
            await app.is_ready.wait()
        url = f"http://127.0.0.1:{self._port}"
        says = self._preparation.says if self._preparation is not None else ""
        self._screen.say_whole("", *addresses({"App": url, **self._named(services)}), "")
        self._screen.say(
            *([says] if says else []),
            "It runs with your own permissions, outside any sandbox. Ctrl-C stops everything.",
        )
        if not self._count:
            commands = [
                curl_command(request, url)
                for request in (*self._kata.run.first, *self._kata.run.load[:1])
            ]
            self._screen.say_whole(*(f"Try: {command}" for command in commands), "")
            return
        self._screen.say(
            f"{self._count} requests at once, round after round. Other requests are shown too.", ""
        )
        await self._send_load(app, services, tasks)

    async def _send_load(
        self, app: App, services: Mapping[str, Running], tasks: anyio.abc.TaskGroup
    ) -> None:
        visitors = Visitors([self._listening.getsockname()], self._attempt, tasks, self._sockets)
        load = Load(visitors, self._kata.run, self._count)
        await load.begin()
        while True:
            async with anyio.create_task_group() as pacing:
                pacing.start_soon(anyio.sleep, ROUND_S)
                sent = await load.send_round()
                self._screen.say_whole(round_line(sent, self._seen(services)))
            while app.in_debugger:
                await anyio.sleep(DEBUGGER_POLL_S)

    async def _tidy(self, services: Mapping[str, Running]) -> None:
        while True:
            await anyio.sleep(TIDY_S)
            if left_out := self._throttle.take_left_out():
                self._screen.say(left_out)
            self._attempt.recorder.forget_ended()
            if not self._count:
                self._seen(services)

    def _show_request(self, request: Request) -> None:
        if request.port not in self._sockets.ports and self._throttle.admits():
            self._screen.say_whole(request_line(request))

    def _show_event(self, event: ServiceEvent) -> None:
        if not self._count and self._throttle.admits():
            self._screen.say_whole(event_line(event))

    def _named(self, services: Mapping[str, Running]) -> dict[str, str]:
        """Addresses of the services by title."""
        return {title: services[name].address for name, title in titles_of(self._kata)}

    def _seen(self, services: Mapping[str, Running]) -> dict[str, str]:
        """Summaries of what the services saw since the last call, by title."""
        stock = {
            title.lower(): services[name].take_stock() for name, title in titles_of(self._kata)
        }
        return {title: seen for title, seen in stock.items() if seen}


DEFAULT_PORT = 8000


def run_app(
    slug: str | None, solution: Path | None, katas: Path | None, port: int | None, load: int | None
) -> ExitCode:
    """Run an app with its services until Ctrl-C; returns the exit code.

    Args:
        slug: None means the kata whose folder is the current one, or else the learner's next kata.
        solution: path of the solution; None means the one in the workspace.
        katas: folder of katas; None means the built-in ones.
        port: where the app listens; None means 8000 or the next free port.
        load: number of concurrent requests; None means no load.

    Raises:
        UsageError: there is nothing to run, or the port is in use.
    """
    target = target_of(slug, solution, katas, "run")
    kata = target.kata
    if load is not None:
        require_load(kata)
    raise_descriptor_limit()
    screen = Screen()
    screen.say_whole(f"{kata.title}  {kata.slug}")
    with temporary_run_dir() as run_dir:
        folder = folder_to_run(target.path, run_dir / "solution")
        listening = no_delay(
            listening_at(port) if port is not None else listening_near(DEFAULT_PORT)
        )
        bound_port = listening.getsockname()[1]
        if port is None and bound_port != DEFAULT_PORT:
            screen.say(f"Port {DEFAULT_PORT} is in use, so the app will be at port {bound_port}.")
        services = KataServices(kata, run_dir)
        with listening, services.started():
            app_run = AppRun(kata, folder, run_dir, services, listening, load or 0, screen)
            was_stopped = app_run.run()
    return ExitCode.PASSED if was_stopped else ExitCode.FAILED
