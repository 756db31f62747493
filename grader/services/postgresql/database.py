"""The fixture `postgres`: a fresh database for each check, behind a relay that counts connections."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
import asyncpg

from grader.errors import ServiceUnavailable
from grader.measure.attempt import AttemptContext
from grader.measure.gates import pass_polled_gate
from grader.services.connections import Connections
from grader.services.postgresql.admin import (
    Names,
    connect_as_grader,
    connect_when_ready,
    drop_database,
    fill_database,
    make_database,
    watch_size,
)
from grader.services.postgresql.cluster import HINT, Cluster

ENDED = "The PostgreSQL server exited during a check."

HOLD_POLL_S = 0.01


class Held:
    """Queries blocked by a lock on a table; made by `Postgres.hold`."""

    def __init__(self, postgres: "Postgres", table: str, connection: asyncpg.Connection) -> None:
        self._postgres = postgres
        self._table = table
        self._connection = connection
        self._released = False

    async def arrivals(self, count: int, within_s: float | None = None) -> None:
        """Wait until this many queries are blocked at the same time, which proves that they are under way together.

        Raises:
            GateMissed: too few queries were blocked within the promised time.
        """
        await pass_polled_gate(
            self._postgres.attempt,
            f"queries on {self._table} under way at once",
            count,
            self.waiting,
            poll_s=HOLD_POLL_S,
            within_s=within_s,
        )

    async def waiting(self) -> int:
        """The number of queries blocked now."""
        query = (
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE datname = current_database() AND relation = $1::regclass AND NOT granted"
        )
        return int(await self._postgres.fetchval(query, self._table))

    async def release(self) -> None:
        """Release the lock, so that the queries continue."""
        if not self._released:
            self._released = True
            await self._connection.execute("ROLLBACK")


class Postgres:
    """The fixture `postgres` of checks: the database of one check.

    Attributes:
        url: what the solution gets as `DATABASE_URL`.
        connections: opened by the solution, as counted by the relay.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[asyncpg.Connection]],
        admin: asyncpg.Connection,
        attempt: AttemptContext,
    ) -> None:
        self.attempt = attempt
        self.connections = Connections("database", attempt)
        self.url = ""
        self._connect = connect
        self._admin = admin

    async def execute(self, sql: str) -> None:
        """Run statements with the rights of the solution's role, on a connection that is not counted."""
        await self._admin.execute(sql)

    async def fetch(self, sql: str, *arguments: object) -> list[Any]:
        """The rows of a query; access columns by name or index."""
        return list(await self._admin.fetch(sql, *arguments))

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        """The first column of the first row of a query."""
        return await self._admin.fetchval(sql, *arguments)

    def take_stock(self) -> str:
        """The largest number of connections open at once since the last call."""
        seen = f"{self.connections.peak} connections"
        self.connections.peak = self.connections.open
        return seen

    @contextlib.asynccontextmanager
    async def hold(self, table: str) -> AsyncIterator[Held]:
        """Lock this table against every query (ACCESS EXCLUSIVE) until `Held.release` or the end of the block."""
        connection = await self._connect()
        try:
            await connection.execute(f'BEGIN; LOCK TABLE "{table}" IN ACCESS EXCLUSIVE MODE')
            held = Held(self, table, connection)
            yield held
        finally:
            connection.terminate()


@contextlib.asynccontextmanager
async def fresh_database(
    cluster: Cluster,
    address: tuple[str, int],
    max_connections: int,
    schema: str,
    attempt: AttemptContext,
) -> AsyncIterator[Postgres]:
    """Make a database for one check, and drop it afterwards.

    Args:
        cluster: the grading's server.
        address: host and port of the relay, to which the solution connects.
        max_connections: how many connections the solution may have at once.
        schema: SQL to run in the new database as the solution's role.
        attempt: records its connections and claims.

    Raises:
        ServiceUnavailable: the server did not come up, or refuses what the grader needs.
    """
    names, server = Names(), await connect_when_ready(cluster)
    admin = await _make(server, cluster, names, max_connections)
    try:
        await fill_database(admin, names, schema)
        postgres = Postgres(lambda: connect_as_grader(cluster, names), admin, attempt)
        postgres.url = names.url(*address)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch_size, server, names, attempt)
            yield postgres
            tasks.cancel_scope.cancel()
    finally:
        if admin.is_closed() or cluster.has_ended():
            _void(attempt)
        with anyio.CancelScope(shield=True):
            admin.terminate()
            await drop_database(server, cluster, names)


async def _make(
    server: asyncpg.Connection, cluster: Cluster, names: Names, max_connections: int
) -> asyncpg.Connection:
    """Make the database; returns the grader's connection to it."""
    try:
        await make_database(server, names, max_connections)
        return await connect_as_grader(cluster, names)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        server.terminate()
        raise ServiceUnavailable(
            f"PostgreSQL refuses to make a database: {error}.", HINT
        ) from error


def _void(attempt: AttemptContext) -> None:
    """Void the attempt: the server has exited, so later wrong answers are not the solution's fault."""
    attempt.recorder.replace_mishap(ENDED)
    attempt.abort.break_off(ENDED)
