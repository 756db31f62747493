"""Starts the services and then the server of an attempt, all on sockets that the grader has bound."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio

from grader.catalog.manifest import Kata
from grader.checks.server import Server, running_server
from grader.measure.attempt import AttemptContext
from grader.process.launchers import Launchers
from grader.process.server import ServerPlan
from grader.process.sockets import listening_socket
from grader.services.running import KataServices, environ_of
from grader.services.service import CheckContext, Running
from grader.tasks import single_error


@dataclass(frozen=True)
class Stage:
    """What all checks of one grading share.

    Attributes:
        kata: the kata.
        launchers: fork the servers of the solution and of the reference.
        services: the kata's services, which run for the whole grading.
        cuts_off: whether the grader stops waiting for a burst that has certainly missed its limit.
        stops_early: whether the grading ends at the first failed check.
    """

    kata: Kata
    launchers: Launchers
    services: KataServices
    cuts_off: bool = True
    stops_early: bool = False


@dataclass(frozen=True)
class Fixtures:
    """The fixtures of one attempt.

    Attributes:
        server: the running solution or reference.
        services: the kata's services, by name.
    """

    server: Server
    services: Mapping[str, Running]


@contextlib.asynccontextmanager
async def running_fixtures(
    stage: Stage, folder: Path, attempt: AttemptContext
) -> AsyncIterator[Fixtures]:
    """Start the services and the server of one attempt, and stop them afterwards.

    Args:
        stage: what all checks share.
        folder: contains the `app.py` to serve.
        attempt: records the evidence.

    Raises:
        ServerNotReady: the solution exited or hung while it started.
        BrokenError: a service, the launcher or the machine failed.
    """
    kata, launcher = stage.kata, stage.launchers.of(attempt.subject)
    async with single_error(), contextlib.AsyncExitStack() as stack:
        beating = await stack.enter_async_context(anyio.create_task_group())
        beating.start_soon(attempt.watcher.beat)
        stack.callback(beating.cancel_scope.cancel)
        await stack.enter_async_context(launcher.listening(attempt.abort.break_off))
        context = CheckContext(lambda: listening_socket(launcher), attempt)
        services = await stack.enter_async_context(stage.services.fresh(context))
        limits, environ = kata.limits, {**launcher.environ, **environ_of(services)}
        plan = ServerPlan(
            folder, kata.workers, environ, limits.start_s, limits.stop_s, limits.output_bytes
        )
        server = await stack.enter_async_context(running_server(plan, launcher, attempt))
        yield Fixtures(server, services)
