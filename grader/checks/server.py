"""The solution's server: started on sockets that the grader bound, driven by visitors, watched from outside."""

import contextlib
import itertools
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.abc

from grader.errors import HarnessError
from grader.evidence.server import Excess, Sample, ServerLife
from grader.evidence.traffic import ExchangeError
from grader.load.client import Address, Visitors
from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal, pass_gate
from grader.measure.sampler import is_running, take_sample
from grader.process.launcher import Launcher
from grader.process.output import Output, find_crash, json_objects
from grader.process.pipe import PipeReader
from grader.process.sockets import SPARE, Sockets, SocketStock
from grader.process.stalls import StallReader

MIB = 1024 * 1024
STOP_MARGIN_S = 3.0
"""What is granted beyond the stop deadline for the SIGKILL to take effect."""

STANDS_S = 1.8
"""So long a server that has shut down stands for certain; it lingers for 2 s (`grader.child.worker.LINGER_S`)."""

END_NEWS_S = 0.5
"""How long the news of a worker's end may lag behind the connections that broke with it."""

ANSWER_S = 0.05
"""How long a worker that is asked what its tasks wait for gets to answer."""

DROPPED = (ExchangeError.CLOSED, ExchangeError.REFUSED)


@dataclass(frozen=True)
class ServerPlan:
    """How a solution is to be served.

    Attributes:
        folder: where its `app.py` is.
        workers: number of server processes; each has a socket of its own, and visitors are dealt out in turn.
        environ: the whole environment of these processes.
        output_bytes: how much they may print; a server that prints more is killed.
    """

    folder: Path
    workers: int
    environ: Mapping[str, str]
    start_s: float
    stop_s: float
    output_bytes: int = 16 * MIB


@dataclass
class State:
    """What the launcher and the workers have said of a server's processes; `ended` holds exit codes."""

    pids: list[int] = field(default_factory=list)
    ended: list[int] = field(default_factory=list)
    ready: int = 0
    down: int = 0
    gone: bool = False
    changed: anyio.Event = field(default_factory=anyio.Event)

    def change(self) -> None:
        """Wake all who wait for a change."""
        self.changed.set()
        self.changed = anyio.Event()


class ServerNotReady(Exception):
    """The solution ended or hung before it was ready; the recorder has what it did."""


class ServerProcesses:
    """The worker processes of one server, driven through the launcher.

    Args:
        plan: how to serve.
        launcher: forks the workers.
        attempt: records the server's life.
        tasks: task group in which its events are followed.
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
        self._state = State()
        self.printed = Signal()
        log, self._their_log = os.pipe()
        self._output = Output()
        self._log = PipeReader(log, self._take_output)
        self._pipes = [self._log]
        self._stalls: list[StallReader] = []
        self._status, self._their_status = socket.socketpair()
        self._status.setblocking(False)
        self.watcher = attempt.watcher
        self.watcher.watch(lambda: self._state.pids, lambda: launcher.others)
        launcher.servers[self._number] = self._take
        attempt.abort.on_excess(self._end_for)
        attempt.recorder.add(ServerLife(workers=plan.workers, started_s=attempt.clock.now()))

    @property
    def pids(self) -> tuple[int, ...]:
        """Pids of the worker processes that are alive."""
        return tuple(self._state.pids)

    @property
    def output(self) -> str:
        """What they have printed so far, its middle left out when it is long."""
        return self._output.text()

    @property
    def life(self) -> ServerLife:
        """What is known of the server's life so far."""
        assert self._attempt.recorder.life is not None
        return self._attempt.recorder.life

    async def start(self, listening: Sequence[socket.socket]) -> None:
        """Fork the workers, each with one of these sockets, and wait until all accept connections.

        Raises:
            ServerNotReady: a worker ended, or was not ready within the plan's `start_s`.
            HarnessError: the launcher failed.
        """
        self._attempt.abort.on_abandon(self._state.change)
        opening = self.watcher.open()
        self._fork(listening)
        for follow in (*(pipe.follow for pipe in self._pipes), self._follow_status):
            self._tasks.start_soon(self._guard, follow)
        await self._until(self._start_is_over, self._plan.start_s)
        self._note(start_watch=self.watcher.close(opening))
        if self._state.ended or self._state.ready < self._plan.workers:
            raise ServerNotReady
        self._note(ready_s=self._attempt.clock.now())

    def _fork(self, listening: Sequence[socket.socket]) -> None:
        stalls = [os.pipe() for _ in listening]
        self._stalls = [StallReader(self._plan.folder, self._attempt) for _ in stalls]
        self._pipes += [
            PipeReader(read, reader.add)
            for (read, _), reader in zip(stalls, self._stalls, strict=True)
        ]
        command = {
            "do": "start",
            "server": self._number,
            "workers": self._plan.workers,
            "folder": str(self._plan.folder),
            "environ": dict(self._plan.environ),
        }
        writing = [write for _, write in stalls] + [self._their_log]
        try:
            self._launcher.send(
                command,
                [*(one.fileno() for one in listening), *writing, self._their_status.fileno()],
            )
        finally:
            for descriptor in writing:
                os.close(descriptor)
            self._their_status.close()

    def _start_is_over(self, state: State) -> bool:
        return (
            state.ready >= self._plan.workers
            or bool(state.ended)
            or self._attempt.abort.is_abandoned
        )

    def _shutdown_is_over(self, state: State) -> bool:
        """All workers have shut down and linger, or nothing is left of any."""
        ended = len(state.ended)
        return state.gone or (ended < self._plan.workers <= state.down + ended)

    async def stop(self) -> ServerLife:
        """Send SIGTERM and wait until the application has shut down; see `Server.stop`."""
        self._note(stop_asked_s=self._attempt.clock.now())
        self._launcher.send({"do": "stop", "server": self._number, "grace_s": self._plan.stop_s})
        await self._until(self._shutdown_is_over, self._plan.stop_s + STOP_MARGIN_S)
        if self._state.down:
            self._note(shutdown_s=self._attempt.clock.now())
        return self.life

    async def ask_what_it_waits_for(self) -> None:
        """Let the workers write down where their tasks wait; a loop that stands still does not answer, and need not."""
        with contextlib.suppress(OSError):
            self._status.send(b"tasks\n" * self._plan.workers)
        await anyio.sleep(ANSWER_S)

    async def end(self) -> None:
        """End what is left of the server at once, after news of an end that is still on its way."""
        dropped = any(
            exchange.error in DROPPED for exchange in self._attempt.recorder.exchanges.values()
        )
        if dropped and self.life.stop_asked_s is None:
            await self._until(lambda state: bool(state.ended), END_NEWS_S)
        shutdown_s = self.life.shutdown_s
        if shutdown_s is not None and self._attempt.clock.now() < shutdown_s + STANDS_S:
            # What it left open was to be seen now; a process that is gone has had the system close it.
            standing = sum(is_running(pid) for pid in self._state.pids)
            self._note(left_early=standing < self._plan.workers)
        # From here on its end is our doing, and no news.
        self._launcher.servers.pop(self._number, None)
        with contextlib.suppress(HarnessError):
            self._launcher.send({"do": "kill", "server": self._number})

    def close(self) -> None:
        """Complete the record and close all descriptors; nothing may read from them any more."""
        for pipe in self._pipes:
            pipe.close()
        for reader in self._stalls:
            reader.finish()
        self._status.close()
        self._their_status.close()
        log = self._output.text()
        crash = find_crash(log, self._plan.folder, "start" if self.life.ready_s is None else "load")
        self._note(
            log=log,
            log_bytes=self._output.size_bytes,
            crash=crash if self.life.exited_s is not None else None,
        )

    def _note(self, **changes: Any) -> None:
        self._attempt.recorder.change_life(**changes)

    async def _until(self, condition: Callable[[State], bool], timeout_s: float) -> bool:
        with anyio.move_on_after(timeout_s):
            while not condition(self._state):
                await self._state.changed.wait()
            return True
        return False

    async def _guard(self, follow: Callable[[], Awaitable[None]]) -> None:
        """Run a background task; what goes wrong in it ends the check as the harness' fault."""
        try:
            await follow()
        except HarnessError as error:
            self._attempt.abort.break_off(str(error))
        except OSError as error:
            self._attempt.abort.break_off(f"A connection to the server's processes broke: {error}.")

    def _take(self, event: dict[str, Any]) -> None:
        state = self._state
        if event["event"] == "forked":
            state.pids = list(event["pids"])
        elif event["event"] == "exited":
            state.ended.append(event["code"])
            with contextlib.suppress(ValueError):  # it had ended before we knew its pid
                state.pids.remove(event["pid"])
            excess = self._launcher.group.excess() if self._launcher.group is not None else None
            if excess is not None:
                self._exceed(Excess(what=excess.what, limit=excess.limit, seen=excess.seen))
            if len(state.ended) == 1 or self.life.stop_asked_s is not None:
                self._note(exited_s=self._attempt.clock.now(), exit_code=state.ended[0])
        elif event["event"] == "exceeded":
            self._exceed(Excess(what=event["what"], limit=event["limit"], seen=event["seen"]))
        elif event["event"] == "gone":
            state.gone = True
            self._note(killed=event["killed"])
        state.change()

    def _exceed(self, excess: Excess) -> None:
        """Note the first limit that was exceeded, and wait no longer for what is being killed."""
        if self.life.exceeded is None:
            self._note(exceeded=excess)

    def _take_output(self, data: bytes) -> None:
        self._output.add(data)
        self.printed.set()
        if self._output.size_bytes > self._plan.output_bytes:
            self._log.stop()  # a flood would keep the grader busy for as long as its writer lives
            self._end_for(
                Excess(
                    what="output_bytes", limit=self._plan.output_bytes, seen=self._output.size_bytes
                )
            )

    def _end_for(self, excess: Excess) -> None:
        """End the server for a limit that it exceeded, once."""
        if self.life.exceeded is None:
            self._exceed(excess)
            with contextlib.suppress(HarnessError):
                self._launcher.send({"do": "kill", "server": self._number})

    async def _follow_status(self) -> None:
        while True:
            await anyio.wait_readable(self._status)
            try:
                words = self._status.recv(4096)
            except ConnectionResetError:  # the process ended with a question of ours unread
                return
            if not words:
                return
            self._state.ready += words.count(b"ready")
            self._state.down += words.count(b"down")
            self._state.change()


class Server(Visitors):
    """A running solution: the fixture `server` of checks. Requests are made with the methods of `Visitors`."""

    def __init__(
        self,
        processes: ServerProcesses,
        addresses: Sequence[Address],
        sockets: Sockets,
        attempt: AttemptContext,
        tasks: anyio.abc.TaskGroup,
    ) -> None:
        super().__init__(addresses, attempt, tasks, sockets)
        self._processes = processes

    @property
    def pids(self) -> tuple[int, ...]:
        """Pids of the worker processes that are alive."""
        return self._processes.pids

    def sample(self) -> Sample:
        """Descriptors, threads, memory and CPU seconds of all server processes and their children now."""
        sample = take_sample(self.pids, self.attempt.clock.now())
        self.attempt.recorder.add(sample)
        return sample

    @property
    def output(self) -> str:
        """What the app has printed so far, its first 16 KiB and its last 48 KiB."""
        return self._processes.output

    @property
    def printed_objects(self) -> list[dict[str, Any]]:
        """The JSON objects among the lines of `output`, such as a log has them; all other lines are left out."""
        return list(json_objects(self.output))

    async def printed(self, text: str, count: int = 1, deadline_s: float | None = None) -> None:
        """Wait until the app has printed this text so many times.

        Raises:
            GateMissed: it had not before the deadline.
        """
        what = f"{text!r} in what the app prints"
        await pass_gate(
            self.attempt,
            what,
            count,
            lambda: self.output.count(text),
            self._processes.printed,
            deadline_s,
        )

    async def let_run(self, seconds: float) -> None:
        """Wait until the server has had so many seconds, what was waited for a core not counted."""
        await self.attempt.watcher.let_run(seconds)

    async def explain(self) -> None:
        """Find out what the solution's tasks wait for, to explain a miss by the clock; decides nothing."""
        await self._processes.ask_what_it_waits_for()

    async def stop(self) -> ServerLife:
        """Ask the server to stop (SIGTERM) and wait until its application has shut down.

        The processes then still stand, for up to 2 s, so that what they left open can be seen; they are gone when the
        check ends. A server that does not stop within the kata's `stop_s` is killed, and `ServerLife.killed` says so.
        """
        return await self._processes.stop()


@contextlib.asynccontextmanager
async def running_server(
    plan: ServerPlan, launcher: Launcher, attempt: AttemptContext
) -> AsyncIterator[Server]:
    """Serve a solution for the length of one check.

    Raises:
        ServerNotReady: the solution ended or hung before it was ready.
        HarnessError: the launcher failed, or no socket or descriptor can be had.
    """
    with contextlib.ExitStack() as stack:
        # Its imports are the grader's business: the solution's own deadline begins when the launcher answers.
        made = await launcher.sockets(listening=plan.workers, plain=SPARE)
        listening = [stack.enter_context(in_time(one)) for one in made[: plan.workers]]
        stock = stack.enter_context(SocketStock(launcher, made[plan.workers :]))
        async with anyio.create_task_group() as tasks:
            processes = ServerProcesses(plan, launcher, attempt, tasks)
            stack.callback(processes.close)
            try:
                await processes.start(listening)
                yield Server(
                    processes, [one.getsockname() for one in listening], stock, attempt, tasks
                )
            finally:
                with anyio.CancelScope(shield=True):
                    await processes.end()
                tasks.cancel_scope.cancel()


async def listening_socket(launcher: Launcher) -> socket.socket:
    """A socket that listens on a free port of the solution's loopback.

    Raises:
        HarnessError: none can be had.
    """
    (made,) = await launcher.sockets(listening=1)
    return in_time(made)


def in_time(listening: socket.socket) -> socket.socket:
    """Let what is written to the connections of this socket go out at once.

    Accepted sockets inherit this. asyncio sets it only where `socket.proto` says TCP, which `create_server` leaves at
    0; without it the second part of an answer waits 40 ms for the peer's delayed acknowledgement.
    """
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
