"""Manages the databases of checks as PostgreSQL superuser: makes, watches and drops them."""

import secrets
from dataclasses import dataclass, field

import anyio
import asyncpg

from grader.errors import ServiceUnavailable
from grader.evidence.server import Excess
from grader.measure.attempt import AttemptContext
from grader.services.postgresql.cluster import HINT, URL_VARIABLE, Cluster

READY_S = 20.0
"""How long a new server may take until it answers, usually 0.03 s."""

READY_POLL_S = 0.005

SIZE_POLL_S = 0.25
DATABASE_BYTES = 64 * 1024 * 1024
"""How large a solution's database may grow; an empty one takes 8 MiB."""


@dataclass(frozen=True)
class Names:
    """Names and passwords of a check's database and its two roles, all unpredictable.

    Attributes:
        database: also the name of the solution's role.
        password: of the solution's role.
    """

    database: str = field(default_factory=lambda: f"kata_{secrets.token_hex(6)}")
    password: str = field(default_factory=lambda: secrets.token_hex(16))

    @property
    def grader(self) -> str:
        """The grader's role in the database."""
        return f"{self.database}_grader"

    @property
    def grader_password(self) -> str:
        """That role's password."""
        return f"{self.password}x"

    def url(self, host: str, port: int) -> str:
        """The database's URL, with the solution's role and password."""
        return f"postgresql://{self.database}:{self.password}@{host}:{port}/{self.database}"


async def connect_when_ready(cluster: Cluster) -> asyncpg.Connection:
    """Connect as superuser, as soon as the server answers.

    Raises:
        ServiceUnavailable: it did not come up, or refuses the grader.
    """
    with anyio.move_on_after(READY_S):
        while not cluster.has_ended():
            try:
                return await asyncpg.connect(**cluster.connect, database="postgres")
            except (OSError, asyncpg.CannotConnectNowError) as error:
                if cluster.process is None:
                    raise ServiceUnavailable(
                        f"No PostgreSQL server answers at {URL_VARIABLE}: {error}.", HINT
                    ) from error
                await anyio.sleep(READY_POLL_S)
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                raise ServiceUnavailable(
                    f"PostgreSQL refuses the grader: {error}.", HINT
                ) from error
    lines = cluster.log.read_text(errors="replace").strip().splitlines() if cluster.log else []
    raise ServiceUnavailable(
        f"PostgreSQL did not start: {lines[-1] if lines else 'no message'}", HINT
    )


async def connect_as_grader(cluster: Cluster, names: Names) -> asyncpg.Connection:
    """Connect to a check's database with the rights of the solution's role.

    Raises:
        asyncpg.PostgresError, OSError: the server refuses, or does not answer.
    """
    account = {"user": names.grader, "password": names.grader_password}
    return await asyncpg.connect(**{**cluster.connect, **account}, database=names.database)


async def make_database(server: asyncpg.Connection, names: Names, max_connections: int) -> None:
    """Make the database and its two roles.

    Args:
        server: a superuser's connection.
        names: of database and roles.
        max_connections: how many connections the solution's role may have at once.

    Raises:
        asyncpg.PostgresError, OSError: the server refuses, or does not answer.
    """
    # The limit is on the role, so that it also works on the user's own server and does not count the grader's
    # connections, which use another role.
    await server.execute(
        f"CREATE ROLE {names.database} LOGIN PASSWORD '{names.password}' CONNECTION LIMIT {max_connections}"
    )
    await server.execute(f"GRANT {names.database} TO CURRENT_USER")
    # The solution owns the tables, and their triggers and rules run with the rights of whoever uses a table. The
    # grader therefore uses a role with no more rights than the solution's.
    await server.execute(
        f"CREATE ROLE {names.grader} LOGIN PASSWORD '{names.grader_password}' IN ROLE {names.database}, "
        "pg_read_all_stats, pg_signal_backend"
    )
    await server.execute(
        f"CREATE DATABASE {names.database} OWNER {names.database} STRATEGY file_copy"
    )


async def fill_database(admin: asyncpg.Connection, names: Names, schema: str) -> None:
    """Run the kata's schema as the solution's role.

    Raises:
        ServiceUnavailable: the schema is wrong.
    """
    try:
        await admin.execute(f"SET ROLE {names.database}; {schema}; RESET ROLE")
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        raise ServiceUnavailable(
            f"PostgreSQL refuses the kata's schema: {error}.", "Tell the kata's author."
        ) from error


async def drop_database(server: asyncpg.Connection, cluster: Cluster, names: Names) -> None:
    """Close the connection. On the user's own server, first drop the database; the grader's is deleted as a whole."""
    if cluster.process is None and not server.is_closed():
        await server.execute(f"DROP DATABASE {names.database} WITH (FORCE)")
        await server.execute(f"DROP ROLE {names.grader}")
        await server.execute(f"DROP ROLE {names.database}")
    server.terminate()


async def watch_size(server: asyncpg.Connection, names: Names, attempt: AttemptContext) -> None:
    """Report a database that grows too large, so that no solution fills the disk; runs until cancelled."""
    while True:
        await anyio.sleep(SIZE_POLL_S)
        try:
            size_bytes = int(
                await server.fetchval("SELECT pg_database_size($1::text)", names.database)
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return  # the server has exited, which `fresh_database` reports
        if size_bytes > DATABASE_BYTES:
            attempt.abort.report_excess(
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
    """The version of the server, as soon as it answers.

    Raises:
        ServiceUnavailable: it did not come up, or refuses the grader.
    """
    server = await connect_when_ready(cluster)
    found = str(await server.fetchval("SHOW server_version"))
    server.terminate()
    return found
