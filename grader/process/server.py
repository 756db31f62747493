"""The worker processes of a solution's server, which the launcher forks: start, observe, stop and end them."""

import contextlib
import itertools
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.abc

from grader.errors import HarnessError
from grader.evidence.server import Excess, ServerLife
from grader.evidence.traffic import ExchangeError
from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal
from grader.measure.sampler import is_running
from grader.process.launcher import Launcher
from grader.process.output import Output, find_crash
from grader.process.worker_pipes import WorkerPipes
from grader.process.worker_states import WorkerStates

MIB = 1024 * 1024
STOP_MARGIN_S = 3.0
"""Added to the stop deadline for SIGKILL to take effect."""

EXIT_EVENT_S = 0.5
"""How long after a dropped connection or an exit the launcher's event about it may arrive."""

ANSWER_S = 0.05
"""How long workers have to report where their tasks wait."""

ENDED_BY_LAUNCHER = "The launcher process exited and ended the server."
DROPPED = (ExchangeError.CLOSED, ExchangeError.REFUSED)


@dataclass(frozen=True)
class ServerPlan:
    """How to serve a solution.

    Attributes:
        folder: contains its `app.py`.
        workers: number of server processes; each has its own socket, and visitors use them in turn.
        environ: the whole environment of these processes.
        start_s: how long they have to become ready.
        stop_s: how long they have to shut down before they are killed.
        output_bytes: how much they may print before they are killed.
    """

    folder: Path
    workers: int
    environ: Mapping[str, str]
    start_s: float
    stop_s: float
    output_bytes: int = 16 * MIB


class ServerNotReady(Exception):
    """The solution exited or hung before it was ready; the recorder has the details."""


class ServerProcesses:
    """The worker processes of one server, driven through the launcher.

    Args:
        plan: how to serve.
        launcher: forks the workers.
        attempt: records the server's life.
        tasks: task group in which their pipes are read.

    Attributes:
        printed: set whenever output has arrived.
    """

    _numbers = itertools.count(1)

    def __init__(
        self,
        plan: ServerPlan,
        launcher: Launcher,
        attempt: AttemptContext,
        tasks: anyio.abc.TaskGroup,
    ) -> None:
        self._number = next(self._numbers)
        self._plan = plan
        self._launcher = launcher
        self._attempt = attempt
        self._tasks = tasks
        self._states = WorkerStates()
        self.printed = Signal()
        self._output = Output()
        self._pipes = WorkerPipes(plan.folder, attempt, self._states, self._take_output)
        self._group = launcher.groups.make()
        self.watcher = attempt.watcher
        self.watcher.watch(lambda: self._states.pids, lambda: self._states.others)
        launcher.servers[self._number] = self._take
        attempt.abort.on_excess(self._end_for)
        attempt.recorder.add(ServerLife(workers=plan.workers, started_s=attempt.clock.now()))

    @property
    def pids(self) -> tuple[int, ...]:
        """Pids of the live worker processes."""
        return tuple(self._states.pids)

    @property
    def output(self) -> str:
        """The output so far, without the middle of a long output."""
        return self._output.text()

    @property
    def life(self) -> ServerLife:
        """The server's life so far."""
        assert self._attempt.recorder.life is not None
        return self._attempt.recorder.life

    async def start(self, listening: Sequence[socket.socket]) -> None:
        """Fork a worker for each of these sockets, and wait until all accept connections.

        Raises:
            ServerNotReady: a worker exited, or was not ready within the plan's `start_s`.
            HarnessError: the launcher failed, or did not name the workers within `start_s`.
        """
        self._attempt.abort.on_abandon(self._states.change)
        opening = self.watcher.open()
        self._fork(listening)
        for follow in self._pipes.followers:
            self._tasks.start_soon(self._guard, follow)
        await self._states.until(self._start_is_over, self._plan.start_s)
        self._note(start_watch=self.watcher.close(opening))
        states, start_s = self._states, self._plan.start_s
        if not (states.forked or states.exit_codes or self._attempt.abort.is_abandoned):
            raise HarnessError(f"The launcher has named no processes within {start_s:g} s.")
        if states.exit_codes or states.ready < self._plan.workers:
            raise ServerNotReady
        self._note(ready_s=self._attempt.clock.now())

    def _fork(self, listening: Sequence[socket.socket]) -> None:
        command = {
            "do": "start",
            "server": self._number,
            "workers": self._plan.workers,
            "folder": str(self._plan.folder),
            "environ": dict(self._plan.environ),
        }
        with contextlib.ExitStack() as stack:
            writing = stack.enter_context(self._pipes.for_workers(len(listening)))
            group = stack.enter_context(self._group.joining()) if self._group is not None else []
            self._launcher.send(
                {**command, "grouped": bool(group)},
                [*(sock.fileno() for sock in listening), *writing, *group],
            )

    def _start_is_over(self, states: WorkerStates) -> bool:
        return states.have_started(self._plan.workers) or self._attempt.abort.is_abandoned

    async def stop(self, grace_s: float | None = None) -> ServerLife:
        """Send SIGTERM and wait until the application has shut down; see `Server.stop`. `grace_s` replaces `stop_s`."""
        grace_s = self._plan.stop_s if grace_s is None else grace_s
        self._note(stop_asked_s=self._attempt.clock.now())
        opening = self.watcher.open()
        self._launcher.send({"do": "stop", "server": self._number, "grace_s": grace_s})
        await self._states.until(
            lambda states: states.have_shut_down(self._plan.workers), grace_s + STOP_MARGIN_S
        )
        self._note(stop_watch=self.watcher.close(opening))
        if self._states.down and not self._states.killed:
            self._note(shutdown_s=self._attempt.clock.now())
            # They linger now, and outlive the grace period.
            self._launcher.send({"do": "linger", "server": self._number})
        return self.life

    async def ask_for_waiting_tasks(self) -> None:
        """Ask the workers to report where their tasks wait, and give them `ANSWER_S`. Lingering ones do not answer."""
        if self._states.down >= self._plan.workers:
            return
        self._pipes.ask_for_tasks(self._plan.workers)
        await anyio.sleep(ANSWER_S)

    async def end(self) -> None:
        """End all remaining processes of the server. If it dropped connections, first wait for an exit event."""
        dropped = any(
            exchange.error in DROPPED for exchange in self._attempt.recorder.exchanges.values()
        )
        if dropped and self.life.stop_asked_s is None:
            await self._states.until(lambda states: bool(states.exit_codes), EXIT_EVENT_S)
        if self._was_killed_unasked:
            self._attempt.recorder.note_mishap(ENDED_BY_LAUNCHER)
        if self.life.shutdown_s is not None:
            await self._look_for_early_exits()
        # From here on the grader ends the workers, so their exits say nothing about the solution.
        self._launcher.servers.pop(self._number, None)
        self._kill()

    async def _look_for_early_exits(self) -> None:
        """Note whether a worker that had shut down did not wait for the grader: the check looks at what the app left
        open, but the system closes everything when a process exits.
        """
        states, workers = self._states, self._plan.workers
        lingering = sum(is_running(pid) for pid in states.pids)
        if lingering == workers:
            return
        await states.until(
            lambda states: lingering + len(states.exit_codes) >= workers, EXIT_EVENT_S
        )
        self._note(left_early=states.killed == 0)

    def close(self) -> None:
        """Complete the record and close all descriptors, once no task reads from them any more."""
        self._pipes.close()
        if self._group is not None:
            self._launcher.groups.end(self._group)
        log = self._output.text()
        crash = find_crash(log, self._plan.folder, "start" if self.life.ready_s is None else "load")
        self._note(
            log=log,
            log_bytes=self._output.size_bytes,
            crash=crash if self.life.exited_s is not None else None,
        )

    def _note(self, **changes: Any) -> None:
        self._attempt.recorder.change_life(**changes)

    async def _guard(self, follow: Callable[[], Awaitable[None]]) -> None:
        """Run a background task; an error in it ends the check as a fault of the harness."""
        try:
            await follow()
        except HarnessError as error:
            self._attempt.abort.break_off(str(error))
        except OSError as error:
            self._attempt.abort.break_off(f"A connection to the server's processes broke: {error}.")

    def _take(self, event: dict[str, Any]) -> None:
        """Handle an event of the launcher."""
        if event["event"] == "forked":
            self._states.pids = list(event["pids"])
            self._states.forked = True
            if self._group is not None:
                self._group.holds_server = event["grouped"]
        elif event["event"] == "others":
            self._states.others = tuple(event["pids"])
        elif event["event"] == "exited":
            self._take_exit(event)
        elif event["event"] == "exceeded":
            self._exceed(Excess(what=event["what"], limit=event["limit"], seen=event["seen"]))
        elif event["event"] == "gone":
            self._states.gone = True
            self._note(killed=event["killed"])
        self._states.change()

    def _take_exit(self, event: dict[str, Any]) -> None:
        states = self._states
        states.exit_codes.append(event["code"])
        with contextlib.suppress(ValueError):  # it exited before its pid was known
            states.pids.remove(event["pid"])
        excess = self._group.excess() if self._group is not None else None
        if excess is not None:
            self._exceed(Excess(what=excess.what, limit=excess.limit, seen=excess.seen))
        if event["killed"]:
            states.killed += 1
            if self._was_killed_unasked:
                return
            self._note(killed=self.life.stop_asked_s is not None)
        if len(states.exit_codes) == 1 or self._has_stopped_in_order():
            self._note(exited_s=self._attempt.clock.now(), exit_code=states.exit_codes[0])

    @property
    def _was_killed_unasked(self) -> bool:
        """Whether its keeper has killed the server because the launcher exited."""
        life = self.life
        return self._states.killed > 0 and life.stop_asked_s is None and life.exceeded is None

    def _has_stopped_in_order(self) -> bool:
        """Whether the server was asked to stop before its first worker exited."""
        asked_s, exited_s = self.life.stop_asked_s, self.life.exited_s
        return asked_s is not None and (exited_s is None or asked_s <= exited_s)

    def _exceed(self, excess: Excess) -> None:
        """Record the first limit that was exceeded."""
        if self.life.exceeded is None:
            self._note(exceeded=excess)

    def _take_output(self, data: bytes) -> None:
        self._output.add(data)
        self.printed.set()
        size_bytes, limit_bytes = self._output.size_bytes, self._plan.output_bytes
        if size_bytes > limit_bytes:
            self._pipes.log.stop()  # reading a flood would keep the grader busy until the writer dies
            self._end_for(Excess(what="output_bytes", limit=limit_bytes, seen=size_bytes))

    def _end_for(self, excess: Excess) -> None:
        """Record the limit that the server exceeded, and kill it; only the first call has an effect."""
        if self.life.exceeded is None:
            self._exceed(excess)
            self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(HarnessError):
            self._launcher.send({"do": "kill", "server": self._number})
