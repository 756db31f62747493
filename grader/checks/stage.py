"""Sets the stage for one attempt: services first, then the server, all on sockets bound by the grader."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio

from grader.catalog.manifest import Kata
from grader.checks.services import running_services
from grader.harness.database import Postgres
from grader.harness.files import FILES, Files
from grader.harness.launcher import Launchers
from grader.harness.postgres import Cluster
from grader.harness.recorder import Recorder
from grader.harness.server import Server, ServerPlan, listening_socket, running_server
from grader.harness.upstream import Upstream


@dataclass(frozen=True)
class Stage:
    """What stands ready for the checks of one grading.

    Attributes:
        kata: being graded.
        launchers: fork the servers, of the solution and of the reference; each is started when it is first needed.
        cluster: the grading's PostgreSQL, if the kata needs one.
        cuts_off: whether a burst may be cut off once it is certain that it misses its limit.
        stops_early: whether the first failed check is the last one that is tried.
    """

    kata: Kata
    launchers: Launchers
    cluster: Cluster | None
    cuts_off: bool = True
    stops_early: bool = False


@dataclass(frozen=True)
class Cast:
    """The fixtures of one attempt; a service that the kata does not need is None. What `files.folder` names, the solution must see."""

    server: Server
    upstream: Upstream | None
    postgres: Postgres | None
    files: Files | None = None


@contextlib.asynccontextmanager
async def running_cast(stage: Stage, folder: Path, recorder: Recorder) -> AsyncIterator[Cast]:
    """Start everything for one attempt, and end it afterwards.

    Args:
        stage: of the grading.
        folder: with the `app.py` to serve.
        recorder: of the attempt.

    Raises:
        ServerNotReady: the code that is graded ended or hung at its start.
        BrokenError: a service, the launcher or the machine failed.
    """
    kata, launcher = stage.kata, stage.launchers.of(recorder.subject)
    recorder.cuts_off = stage.cuts_off
    async with single_error(), contextlib.AsyncExitStack() as stack:
        beating = await stack.enter_async_context(anyio.create_task_group())
        beating.start_soon(recorder.watcher.beat)
        stack.callback(beating.cancel_scope.cancel)
        await stack.enter_async_context(launcher.listening(recorder.break_off))
        services = await stack.enter_async_context(
            running_services(kata, stage.cluster, folder.parent / FILES, lambda: listening_socket(launcher), recorder)
        )
        limits, environ = kata.limits, {**launcher.environ, **services.environ}
        plan = ServerPlan(folder, kata.workers, environ, limits.start_s, limits.stop_s, limits.output_bytes)
        server = await stack.enter_async_context(running_server(plan, launcher, recorder))
        yield Cast(server, services.upstream, services.postgres, services.files)


@contextlib.asynccontextmanager
async def single_error() -> AsyncIterator[None]:
    """Raise the first error of a task group by itself: here all tasks serve one purpose, so the first one says it."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None
