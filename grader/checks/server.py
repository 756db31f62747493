"""The fixture `server` of checks: a running solution that visitors send requests to, watched from outside."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import anyio.abc
import anyio.lowlevel

from grader.evidence.server import Sample, ServerLife
from grader.load.connection import Address
from grader.load.visitors import Visitors
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed, Signal, deadline_for, pass_gate
from grader.measure.sampler import take_sample
from grader.measure.timing import WatchStart
from grader.process.launcher import Launcher
from grader.process.output import json_objects
from grader.process.server import ServerPlan, ServerProcesses
from grader.process.sockets import SPARE, Sockets, SocketStock, no_delay

TURNS = 5
"""Turns of the grader's event loop in which a released answer goes out: a timer sends it in the second one, and a
connection is closed in the one after that."""


class Server(Visitors):
    """A running solution: the fixture `server` of checks. The methods of `Visitors` send requests to it."""

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
        self._stopped = Signal()

    @property
    def pids(self) -> tuple[int, ...]:
        """Pids of the live worker processes."""
        return self._processes.pids

    def sample(self) -> Sample:
        """Measure descriptors, threads, memory and CPU seconds of all server processes and their children now."""
        sample = take_sample(self.pids, self.attempt.clock.now())
        self.attempt.recorder.add(sample)
        return sample

    @property
    def output(self) -> str:
        """The app's output so far: its first 16 KiB and its last 48 KiB."""
        return self._processes.output

    @property
    def printed_objects(self) -> list[dict[str, Any]]:
        """The lines of `output` that are JSON objects, as structured logs write them; other lines are skipped."""
        return list(json_objects(self.output))

    async def printed(self, text: str, count: int = 1, within_s: float | None = None) -> None:
        """Wait until the app has printed this text `count` times.

        Raises:
            GateMissed: it had not printed it that often within the promised time.
        """
        what = f"{text!r} in the app's output"
        await pass_gate(
            self.attempt,
            what,
            count,
            lambda: self.output.count(text),
            self._processes.printed,
            within_s=within_s,
        )

    async def let_run(self, seconds: float) -> None:
        """Wait until the server has had this many seconds, not counting its waits for a core."""
        await self.attempt.watcher.let_run(seconds)

    @contextlib.asynccontextmanager
    async def paused(self) -> AsyncIterator[None]:
        """Stop the app's processes while the block runs (SIGSTOP), so that they read at once what it sends to them.

        Without it a quick app may read the first of two answers before the second one is there. The block must not
        wait for the app, which cannot answer.
        """
        pids = self.pids
        _send(pids, signal.SIGSTOP)
        try:
            yield
            for _ in range(TURNS):
                await anyio.lowlevel.checkpoint()
        finally:
            _send(pids, signal.SIGCONT)

    async def explain(self) -> None:
        """Record where the solution's tasks wait, to explain a miss by the clock."""
        await self._processes.ask_for_waiting_tasks()

    async def stop(self, within_s: float | None = None) -> ServerLife:
        """Ask the server to stop (SIGTERM) and wait until its application has shut down.

        The processes then linger until the check is over, so that it can see what they left open. A server that does
        not stop within the kata's `stop_s` is killed, and `ServerLife.killed` is true.

        Args:
            within_s: what the README promises for the whole shutdown: it ends the wait instead of `stop_s`, in own time
                of the app. None to wait for at most `stop_s`.

        Raises:
            GateMissed: the shutdown took longer than `within_s`.
        """
        if within_s is None:
            await self._processes.stop()
            self._stopped.set()
            return self._processes.life
        missed = None
        grace_s = deadline_for(self.attempt.patience_s(within_s), 1)

        async def stop() -> None:
            await self._processes.stop(grace_s)
            self._stopped.set()

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stop)
            try:
                await self.stopped(within_s=within_s)
            except GateMissed as error:  # raised below: the task group would wrap it
                missed = error
            tasks.cancel_scope.cancel()
        if missed is not None:
            raise missed
        return self._processes.life

    async def stopped(self, since: WatchStart | None = None, within_s: float | None = None) -> None:
        """Wait until the shutdown has completed, while `stop` runs in another task.

        Args:
            since: the moment from which the time counts, such as that of the last answer the app has waited for; by
                default the call of this method.
            within_s: what the README promises for the rest of the shutdown; `default_s` by default.

        Raises:
            GateMissed: it took longer.
        """
        await pass_gate(
            self.attempt, "servers that shut down", 1, self._shutdowns, self._stopped,
            within_s=within_s, since=since,
        )  # fmt: skip

    def _shutdowns(self) -> int:
        return int(self._processes.life.shutdown_s is not None)


def _send(pids: Sequence[int], number: signal.Signals) -> None:
    """Send a signal to those of these processes that still exist."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


@contextlib.asynccontextmanager
async def running_server(
    plan: ServerPlan, launcher: Launcher, attempt: AttemptContext
) -> AsyncIterator[Server]:
    """Serve a solution for the length of one check.

    Raises:
        ServerNotReady: the solution exited or hung before it was ready.
        HarnessError: the launcher failed, or no socket or descriptor is available.
    """
    with contextlib.ExitStack() as stack:
        # Wait for the launcher's imports here, so that they do not count against the solution's start deadline.
        made = await launcher.sockets(listening=plan.workers, plain=SPARE)
        listening = [stack.enter_context(no_delay(sock)) for sock in made[: plan.workers]]
        stock = stack.enter_context(SocketStock(launcher, made[plan.workers :]))
        async with anyio.create_task_group() as tasks:
            processes = ServerProcesses(plan, launcher, attempt, tasks)
            stack.callback(processes.close)
            try:
                await processes.start(listening)
                yield Server(
                    processes, [sock.getsockname() for sock in listening], stock, attempt, tasks
                )
            finally:
                with anyio.CancelScope(shield=True):
                    await processes.end()
                tasks.cancel_scope.cancel()
