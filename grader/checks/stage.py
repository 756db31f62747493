"""Sets the stage for one attempt: services first, then the server, all on sockets bound by the grader."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import anyio

from grader.catalog.manifest import Kata
from grader.harness.database import Postgres, fresh_database
from grader.harness.files import FILES, Files, running_files
from grader.harness.launcher import Launcher, Launchers
from grader.harness.postgres import Cluster
from grader.harness.recorder import Recorder
from grader.harness.server import Server, ServerPlan, listening_socket, running_server
from grader.harness.tap import running_tap
from grader.harness.upstream import Upstream, running_upstream


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
    environ = launcher.environ
    recorder.cuts_off = stage.cuts_off
    upstream = postgres = files = None
    async with single_error(), contextlib.AsyncExitStack() as stack:
        beating = await stack.enter_async_context(anyio.create_task_group())
        beating.start_soon(recorder.watcher.beat)
        stack.callback(beating.cancel_scope.cancel)
        await stack.enter_async_context(launcher.listening(recorder.break_off))
        if "upstream" in kata.services:
            listening = stack.enter_context(await listening_socket(launcher))
            upstream = await stack.enter_async_context(running_upstream(listening, recorder))
            environ["UPSTREAM_URL"] = upstream.url
        if stage.cluster is not None:
            postgres = await stack.enter_async_context(_running_postgres(stage, stage.cluster, launcher, recorder))
            environ["DATABASE_URL"] = postgres.url
        if "files" in kata.services:
            files = stack.enter_context(running_files(folder.parent / FILES, recorder))
            environ["FILES_DIR"] = str(files.folder)
        limits = kata.limits
        plan = ServerPlan(folder, kata.workers, environ, limits.start_s, limits.stop_s, limits.output_bytes)
        server = await stack.enter_async_context(running_server(plan, launcher, recorder))
        yield Cast(server, upstream, postgres, files)


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


@contextlib.asynccontextmanager
async def _running_postgres(stage: Stage, cluster: Cluster, launcher: Launcher, recorder: Recorder) -> AsyncIterator[Postgres]:
    plan = stage.kata.postgres
    async with contextlib.AsyncExitStack() as stack:
        listening = stack.enter_context(await listening_socket(launcher))
        address = listening.getsockname()
        postgres = await stack.enter_async_context(fresh_database(cluster, address, plan.max_connections, plan.schema, recorder))
        await stack.enter_async_context(running_tap(listening, cluster.dial, postgres.connections))
        yield postgres
