"""PostgreSQL for checks: real, fresh for each check, counted from outside, and gone afterwards."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import asyncpg
import pytest

from grader.child.limits import SERVERS
from grader.errors import ServiceUnavailable
from grader.measure.attempt import AttemptContext, begin_attempt
from grader.measure.gates import GateMissed
from grader.measure.timing import Clock
from grader.process.run_dir import temporary_run_dir
from grader.services.postgresql.cluster import Cluster, running_cluster
from grader.services.postgresql.database import Postgres, fresh_database
from grader.services.relay import running_relay
from grader.services.service import GradingContext
from tests.conftest import listening_socket

LIMIT = 4
SCHEMA = (
    "CREATE TABLE stock (id int PRIMARY KEY, amount int); INSERT INTO stock "
    "SELECT n, n * 10 FROM generate_series(1, 5) n"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with (
        temporary_run_dir() as run_dir,
        running_cluster(GradingContext(run_dir, run_dir), LIMIT) as cluster,
    ):
        yield cluster


@asynccontextmanager
async def running_postgres(
    cluster: Cluster, attempt: AttemptContext, schema: str = SCHEMA
) -> AsyncIterator[Postgres]:
    with listening_socket() as listening:
        async with (
            fresh_database(cluster, listening.getsockname(), LIMIT, schema, attempt) as postgres,
            running_relay(listening, cluster.dial, postgres.connections),
        ):
            yield postgres


@pytest.fixture
async def postgres(cluster: Cluster, attempt: AttemptContext) -> AsyncIterator[Postgres]:
    async with running_postgres(cluster, attempt) as postgres:
        yield postgres


async def test_as_many_checks_as_run_side_by_side_have_all_of_their_connections_and_see_only_their_own(
    cluster: Cluster,
) -> None:
    async with AsyncExitStack() as stack:
        databases = [
            await stack.enter_async_context(running_postgres(cluster, begin_attempt(Clock())))
            for _ in range(SERVERS)
        ]
        connections = [
            await asyncpg.connect(postgres.url) for postgres in databases for _ in range(LIMIT)
        ]
        await connections[0].execute("DELETE FROM stock")
        left = [await postgres.fetchval("SELECT count(*) FROM stock") for postgres in databases]
        assert left == [0] + [5] * (SERVERS - 1)
        assert [postgres.connections.open for postgres in databases] == [LIMIT] * SERVERS
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await asyncpg.connect(databases[0].url)
        for connection in connections:
            await connection.close()


async def test_databases_are_made_at_the_same_time(cluster: Cluster) -> None:
    made: list[str] = []

    async def make() -> None:
        async with running_postgres(cluster, begin_attempt(Clock())) as postgres:
            made.append(await postgres.fetchval("SELECT current_database()"))

    async with anyio.create_task_group() as tasks:
        for _ in range(SERVERS):
            tasks.start_soon(make)
    assert len(set(made)) == SERVERS


async def test_a_solution_reaches_its_database_through_the_relay(postgres: Postgres) -> None:
    connection = await asyncpg.connect(postgres.url)
    assert await connection.fetchval("SELECT amount FROM stock WHERE id = 3") == 30
    assert (postgres.connections.opened, postgres.connections.open, postgres.connections.peak) == (
        1,
        1,
        1,
    )
    await connection.close()
    await postgres.connections.closed()
    assert postgres.connections.open == 0


async def test_the_graders_own_queries_are_not_counted(postgres: Postgres) -> None:
    await postgres.execute("UPDATE stock SET amount = 7 WHERE id = 1")
    assert await postgres.fetchval("SELECT amount FROM stock WHERE id = 1") == 7
    assert [
        row["id"]
        for row in await postgres.fetch("SELECT id FROM stock WHERE amount > $1 ORDER BY id", 20)
    ] == [3, 4, 5]
    assert postgres.connections.opened == 0


async def test_connections_beyond_the_limit_are_refused(postgres: Postgres) -> None:
    connections = [await asyncpg.connect(postgres.url) for _ in range(LIMIT)]
    with pytest.raises(asyncpg.TooManyConnectionsError):
        await asyncpg.connect(postgres.url)
    for connection in connections:
        await connection.close()


async def test_each_check_has_a_database_of_its_own(
    cluster: Cluster, attempt: AttemptContext
) -> None:
    async with running_postgres(cluster, attempt) as first:
        await first.execute("DELETE FROM stock")
        async with running_postgres(cluster, attempt) as second:
            assert await second.fetchval("SELECT count(*) FROM stock") == 5


async def test_a_hold_proves_that_queries_are_under_way_at_once(postgres: Postgres) -> None:
    connections = [await asyncpg.connect(postgres.url) for _ in range(3)]
    async with anyio.create_task_group() as tasks, postgres.hold("stock") as held:
        for connection in connections:
            tasks.start_soon(connection.fetchval, "SELECT sum(amount) FROM stock")
        await held.arrivals(3)
        await held.release()
    for connection in connections:
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


async def test_a_hold_that_nobody_comes_to_leaves_a_claim(
    postgres: Postgres, attempt: AttemptContext
) -> None:
    async with postgres.hold("stock") as held:
        with pytest.raises(GateMissed):
            await held.arrivals(1, within_s=0.1)
    assert len(attempt.recorder.claims) == 1


async def test_a_schema_that_is_wrong_is_told(cluster: Cluster, attempt: AttemptContext) -> None:
    with pytest.raises(ServiceUnavailable, match="schema"):
        async with running_postgres(cluster, attempt, "CREATE NONSENSE"):
            pass


async def test_on_a_server_of_the_users_own_nothing_is_left(
    cluster: Cluster, attempt: AttemptContext
) -> None:
    own = Cluster(cluster.connect, cluster.socket)
    async with running_postgres(own, attempt) as postgres:
        connection = await asyncpg.connect(postgres.url)
        assert await connection.fetchval("SELECT count(*) FROM stock") == 5
        await connection.close()
    admin = await asyncpg.connect(**cluster.connect, database="postgres")
    assert (
        await admin.fetchval(
            "SELECT count(*) FROM pg_database WHERE datname LIKE 'kata%' AND datname = $1",
            postgres.url.rpartition("/")[2],
        )
        == 0
    )
    await admin.close()


async def test_a_server_that_ends_during_a_check_voids_the_attempt(
    attempt: AttemptContext,
) -> None:
    with (
        temporary_run_dir() as run_dir,
        running_cluster(GradingContext(run_dir, run_dir), LIMIT) as cluster,
    ):
        async with running_postgres(cluster, attempt):
            assert cluster.process is not None
            cluster.process.kill()
            cluster.process.wait()
    assert attempt.recorder.mishap == "The PostgreSQL server exited during a check."
