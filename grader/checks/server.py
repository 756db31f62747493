"""The fixture `server` of checks: a running solution, driven by visitors and watched from outside."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import anyio.abc

from grader.evidence.server import Sample, ServerLife
from grader.load.connection import Address
from grader.load.visitors import Visitors
from grader.measure.attempt import AttemptContext
from grader.measure.gates import pass_gate
from grader.measure.sampler import take_sample
from grader.process.launcher import Launcher
from grader.process.output import json_objects
from grader.process.server import ServerPlan, ServerProcesses
from grader.process.sockets import SPARE, Sockets, SocketStock, no_delay


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
        await self._processes.ask_for_waiting_tasks()

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
        listening = [stack.enter_context(no_delay(one)) for one in made[: plan.workers]]
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
