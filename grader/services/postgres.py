"""PostgreSQL as a service of katas: one server per grading, one database per check."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass

import anyio

from grader.catalog.manifest import Kata
from grader.errors import GraderError
from grader.facts import Fact, FactState
from grader.process.run_dir import temporary_run_dir
from grader.services.postgresql.admin import server_version
from grader.services.postgresql.cluster import URL_VARIABLE, Cluster, own_url, running_cluster
from grader.services.postgresql.database import Postgres, fresh_database
from grader.services.relay import running_relay
from grader.services.service import CheckContext, GradingContext, Running, Service, StartedService

__all__ = ["SERVICE", "Options", "Postgres", "PostgresService", "StartedPostgres", "read_options"]


@dataclass(frozen=True)
class Options:
    """The table `[postgres]` of a kata.

    Attributes:
        max_connections: how many connections the solution may have at once.
        schema: name of an SQL file in the kata's folder that fills each new database; empty for none.
    """

    max_connections: int = 20
    schema: str = ""


def read_options(kata: Kata) -> tuple[Options, str]:
    """A kata's options, and the SQL of its schema.

    Raises:
        KataPackageError: the table is wrong, or the schema cannot be read.
    """
    table, default = kata.options(PostgresService.name), Options()
    options = Options(
        table.integer("max_connections", default.max_connections),
        table.text("schema", default.schema),
    )
    table.refuse_unknown_keys()
    try:
        return options, (table.folder / options.schema).read_text(
            encoding="utf-8"
        ) if options.schema else ""
    except (OSError, ValueError) as error:  # not UTF-8, or not a file name
        why = error.strerror if isinstance(error, OSError) else error
        raise table.error(
            "schema", f"names {options.schema}, which cannot be read: {why}"
        ) from error


@dataclass(frozen=True)
class StartedPostgres(StartedService):
    """A server that runs for one grading.

    Attributes:
        cluster: the server.
        max_connections: how many connections the solution may have at once.
        schema: SQL that fills each new database.
    """

    cluster: Cluster
    max_connections: int
    schema: str

    def has_ended(self) -> bool:
        """Whether the server's process has exited."""
        return self.cluster.has_ended()

    @contextlib.asynccontextmanager
    async def fresh(self, context: CheckContext) -> AsyncIterator[Running]:
        """A new database, behind a relay."""
        with await context.listen() as listening:
            address, attempt = listening.getsockname(), context.attempt
            async with (
                fresh_database(
                    self.cluster, address, self.max_connections, self.schema, attempt
                ) as postgres,
                running_relay(listening, self.cluster.dial, postgres.connections),
            ):
                yield Running(
                    postgres, postgres.url, {"DATABASE_URL": postgres.url}, postgres.take_stock
                )


class PostgresService(Service):
    """PostgreSQL as a service of katas."""

    name = "postgres"
    title = "Database"
    warm = (
        "sqlalchemy.ext.asyncio",
        "sqlalchemy.orm",
        "sqlalchemy.dialects.postgresql.asyncpg",
        "asyncpg",
        "psycopg",
        "psycopg_pool",
    )
    """Unless the launcher has imported these already, each server process spends 0.3 s of CPU time on them."""

    @contextlib.contextmanager
    def start(self, kata: Kata, context: GradingContext) -> Iterator[StartedPostgres]:
        """Start a server."""
        options, schema = read_options(kata)
        with running_cluster(context, options.max_connections) as cluster:
            yield StartedPostgres(cluster, options.max_connections, schema)

    def check_options(self, kata: Kata) -> None:
        """Read the table and the schema."""
        read_options(kata)

    def files_of(self, kata: Kata) -> Sequence[str]:
        """The schema."""
        name = kata.options(self.name).values.get("schema")
        return (name,) if isinstance(name, str) else ()

    def diagnose(self) -> Iterator[Fact]:
        """Whether a server can be started here, or the user's own server answers."""
        where = f"the server that {URL_VARIABLE} names" if own_url() else "embedded"
        began_s = time.perf_counter()
        try:
            with temporary_run_dir() as run_dir:
                context = GradingContext(run_dir / self.name, run_dir)
                context.make_folder()
                with running_cluster(context, 5) as cluster:
                    found = anyio.run(server_version, cluster)
        except (GraderError, OSError) as error:
            hint = error.hint if isinstance(error, GraderError) else ""
            yield Fact("PostgreSQL", FactState.BAD, str(error).rstrip("."), hint)
        else:
            yield Fact(
                "PostgreSQL",
                FactState.GOOD,
                f"{found}, {where}, ready in {time.perf_counter() - began_s:.1f} s",
            )


SERVICE = PostgresService()
