"""The services around a solution: upstream, database and slow files, as its kata's manifest says."""

import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.manifest import Kata
from grader.harness.database import Postgres, fresh_database
from grader.harness.files import Files, running_files
from grader.harness.postgres import Cluster
from grader.harness.recorder import Recorder
from grader.harness.tap import running_tap
from grader.harness.upstream import Upstream, running_upstream

Listen = Callable[[], Awaitable[socket.socket]]
"""Makes a socket that listens where the solution can reach it."""


@dataclass(frozen=True)
class Services:
    """What runs around a solution; a service that the kata does not need is None."""

    upstream: Upstream | None
    postgres: Postgres | None
    files: Files | None

    @property
    def environ(self) -> dict[str, str]:
        """What tells the solution where they are."""
        environ: dict[str, str] = {}
        if self.upstream is not None:
            environ["UPSTREAM_URL"] = self.upstream.url
        if self.postgres is not None:
            environ["DATABASE_URL"] = self.postgres.url
        if self.files is not None:
            environ["FILES_DIR"] = str(self.files.folder)
        return environ


@contextlib.asynccontextmanager
async def running_services(
    kata: Kata, cluster: Cluster | None, files_folder: Path, listen: Listen, recorder: Recorder
) -> AsyncIterator[Services]:
    """Start what a kata needs, and end it afterwards.

    Args:
        kata: says what it needs.
        cluster: a PostgreSQL server, if it needs one.
        files_folder: in which the folder of slow files is made.
        listen: makes their sockets.
        recorder: where calls and connections are recorded.

    Raises:
        BrokenError: a service failed.
    """
    upstream = postgres = files = None
    async with contextlib.AsyncExitStack() as stack:
        if "upstream" in kata.services:
            listening = stack.enter_context(await listen())
            upstream = await stack.enter_async_context(running_upstream(listening, recorder))
        if cluster is not None:
            listening = stack.enter_context(await listen())
            postgres = await stack.enter_async_context(_running_postgres(kata, cluster, listening, recorder))
        if "files" in kata.services:
            files = stack.enter_context(running_files(files_folder, recorder))
        yield Services(upstream, postgres, files)


@contextlib.asynccontextmanager
async def _running_postgres(kata: Kata, cluster: Cluster, listening: socket.socket, recorder: Recorder) -> AsyncIterator[Postgres]:
    plan, address = kata.postgres, listening.getsockname()
    async with (
        fresh_database(cluster, address, plan.max_connections, plan.schema, recorder) as postgres,
        running_tap(listening, cluster.dial, postgres.connections),
    ):
        yield postgres
