"""The fixture `postgres`: a fresh database for each check, reached by the solution through a relay that counts.

asyncpg takes 70 ms to import, so it is imported where a connection is made: katas without a database do not pay for it.
"""

import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio

from grader.errors import ServiceUnavailable
from grader.evidence.server import Excess
from grader.measure.attempt import AttemptContext
from grader.measure.backoff import Backoff
from grader.measure.gates import GateMissed, Signal, pass_gate
from grader.services.connections import Connections
from grader.services.postgres_server import HINT, URL_VARIABLE, Cluster

if TYPE_CHECKING:
    from asyncpg import Connection as AsyncpgConnection

READY_S = 20.0
"""How long a new server may take until it answers; 0.03 s is usual."""

ENDED = "The PostgreSQL server ended while a check was under way."

SIZE_LOOK_S = 0.25
DATABASE_BYTES = 64 * 1024 * 1024
"""How large a solution's database may grow; an empty one has 8 MiB."""

POLL_S = 0.005
HOLD_POLL_S = 0.01


class Held:
    """Queries that wait for a table; made by `Postgres.hold`."""

    def __init__(self, postgres: "Postgres", table: str, connection: "AsyncpgConnection") -> None:
        self._postgres = postgres
        self._table = table
        self._connection = connection
        self._released = False

    async def arrivals(self, count: int, deadline_s: float | None = None) -> None:
        """Wait until so many queries wait for the table at the same time: proof that they are under way at once.

        Raises:
            GateMissed: they were not before the deadline (3 s; 5 s above 20).
        """
        changed = Signal()
        seen = 0

        async def poll() -> None:
            nonlocal seen
            backoff = Backoff(HOLD_POLL_S)
            while True:
                seen = await self.waiting()
                changed.set()
                await backoff.pause()

        missed: GateMissed | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(poll)
            what = f"queries on {self._table} under way at once"
            try:
                await pass_gate(
                    self._postgres.attempt, what, count, lambda: seen, changed, deadline_s
                )
            except GateMissed as error:  # kept for later: a task group would wrap it
                missed = error
            tasks.cancel_scope.cancel()
        if missed is not None:
            raise missed

    async def waiting(self) -> int:
        """How many queries wait for the table now."""
        query = (
            "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database "
            "WHERE datname = current_database() AND relation = $1::regclass AND NOT granted"
        )
        return int(await self._postgres.fetchval(query, self._table))

    async def release(self) -> None:
        """Let the queries go on."""
        if not self._released:
            self._released = True
            await self._connection.execute("ROLLBACK")


class Postgres:
    """The fixture `postgres` of checks: the database of one check.

    Attributes:
        url: what the solution gets as `DATABASE_URL`.
        connections: those that the solution opened, counted by a relay.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable["AsyncpgConnection"]],
        admin: "AsyncpgConnection",
        attempt: AttemptContext,
    ) -> None:
        self.attempt = attempt
        self.connections = Connections("database", attempt)
        self.url = ""
        self._connect = connect
        self._admin = admin

    async def execute(self, sql: str) -> None:
        """Run statements, with all rights of the solution's role, on a connection of the grader's own that is not
        counted.
        """
        await self._admin.execute(sql)

    async def fetch(self, sql: str, *arguments: object) -> list[Any]:
        """Rows of a query, by name or by index."""
        return list(await self._admin.fetch(sql, *arguments))

    async def fetchval(self, sql: str, *arguments: object) -> Any:
        """The first value of the first row."""
        return await self._admin.fetchval(sql, *arguments)

    def take_stock(self) -> str:
        """How many connections were open at once since this was last called."""
        seen = f"{self.connections.peak} connections"
        self.connections.peak = self.connections.open
        return seen

    @contextlib.asynccontextmanager
    async def hold(self, table: str) -> AsyncIterator[Held]:
        """Hold every query on this table until `Held.release` or the end of the block (an ACCESS EXCLUSIVE lock)."""
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
        address: of the relay through which the solution will come.
        max_connections: how many connections the solution may have at once.
        schema: SQL run in it as the solution's role.
        attempt: records its connections and claims.

    Raises:
        ServiceUnavailable: the server did not come up, or refuses what the grader needs.
    """
    from asyncpg import PostgresError

    name, password = f"kata_{secrets.token_hex(6)}", secrets.token_hex(16)
    server = await _connect_when_ready(cluster)

    async def connect() -> "AsyncpgConnection":
        return await _connect(cluster, name, user=f"{name}_grader", password=f"{password}x")

    try:
        await _make(server, name, password, max_connections)
        admin = await connect()
    except (PostgresError, OSError) as error:
        await server.close()
        raise ServiceUnavailable(
            f"PostgreSQL refuses to make a database: {error}.", HINT
        ) from error
    try:
        await _fill(admin, name, schema)
        postgres = Postgres(connect, admin, attempt)
        postgres.url = f"postgresql://{name}:{password}@{address[0]}:{address[1]}/{name}"
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch_size, server, name, attempt)
            yield postgres
            tasks.cancel_scope.cancel()
    finally:
        # Whatever the solution answered after that, it was not its fault.
        if admin.is_closed() or cluster.has_ended():
            attempt.recorder.replace_mishap(ENDED)
            attempt.abort.break_off(ENDED)
        with anyio.CancelScope(shield=True):
            admin.terminate()
            await _drop(server, cluster, name)


async def _make(
    server: "AsyncpgConnection", name: str, password: str, max_connections: int
) -> None:
    # The limit stands on the role: it holds on a server of the user's own too, and the grader's connections, which are
    # another role's, do not count.
    await server.execute(
        f"CREATE ROLE {name} LOGIN PASSWORD '{password}' CONNECTION LIMIT {max_connections}"
    )
    await server.execute(f"GRANT {name} TO CURRENT_USER")
    # The tables are the solution's, and so are their triggers and rules, which run as whoever touches the table: the
    # grader comes as a role that may do no more than the solution's own.
    await server.execute(
        f"CREATE ROLE {name}_grader LOGIN PASSWORD '{password}x' IN ROLE {name}, pg_read_all_stats, pg_signal_backend"
    )
    await server.execute(f"CREATE DATABASE {name} OWNER {name} STRATEGY file_copy")


async def _fill(admin: "AsyncpgConnection", name: str, schema: str) -> None:
    from asyncpg import PostgresError

    try:
        await admin.execute(f"SET ROLE {name}; {schema}; RESET ROLE")
    except PostgresError as error:
        raise ServiceUnavailable(
            f"PostgreSQL refuses the kata's schema: {error}.", "Tell the kata's author."
        ) from error


async def _drop(server: "AsyncpgConnection", cluster: Cluster, name: str) -> None:
    """Drop the database on a server of the user's own; the grader's own servers go with all that they have."""
    if cluster.process is None and not server.is_closed():
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
        await server.execute(f"DROP ROLE {name}_grader")
        await server.execute(f"DROP ROLE {name}")
    server.terminate()


async def _watch_size(server: "AsyncpgConnection", name: str, attempt: AttemptContext) -> None:
    """See to it that a solution does not fill the disk by way of its database; runs until it is cancelled."""
    from asyncpg import InterfaceError, PostgresError

    while True:
        await anyio.sleep(SIZE_LOOK_S)
        try:
            size_bytes = int(await server.fetchval("SELECT pg_database_size($1::text)", name))
        except (
            PostgresError,
            InterfaceError,
            OSError,
        ):  # the server has ended, which is told elsewhere
            return
        if size_bytes > DATABASE_BYTES:
            attempt.abort.exceed(
                Excess(
                    what="database_bytes",
                    limit=DATABASE_BYTES,
                    seen=size_bytes,
                    noun="Database",
                    of="on disk",
                )
            )
            return


async def server_version(cluster: Cluster) -> str:
    """Which server answers, when it is ready.

    Raises:
        ServiceUnavailable: it did not come up, or refuses the grader.
    """
    server = await _connect_when_ready(cluster)
    found = str(await server.fetchval("SHOW server_version"))
    server.terminate()
    return found


async def _connect(cluster: Cluster, database: str, **account: str) -> "AsyncpgConnection":
    import asyncpg

    return await asyncpg.connect(**{**cluster.connect, **account}, database=database)


async def _connect_when_ready(cluster: Cluster) -> "AsyncpgConnection":
    from asyncpg import CannotConnectNowError, PostgresError

    with anyio.move_on_after(READY_S):
        while not cluster.has_ended():
            try:
                return await _connect(cluster, "postgres")
            except (OSError, CannotConnectNowError) as error:
                if cluster.process is None:
                    raise ServiceUnavailable(
                        f"No PostgreSQL server answers at {URL_VARIABLE}: {error}.", HINT
                    ) from error
                await anyio.sleep(POLL_S)
            except PostgresError as error:
                raise ServiceUnavailable(
                    f"PostgreSQL refuses the grader: {error}.", HINT
                ) from error
    lines = cluster.log.read_text(errors="replace").strip().splitlines() if cluster.log else []
    raise ServiceUnavailable(
        f"PostgreSQL did not start: {lines[-1] if lines else 'no message'}", HINT
    )
