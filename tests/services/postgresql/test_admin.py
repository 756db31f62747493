"""What the grader does as superuser: it connects when the server is ready, and each check's database is its own."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import asyncpg
import pytest

from grader.errors import ServiceUnavailable
from grader.evidence.server import Excess
from grader.measure.attempt import AttemptContext
from grader.process.run_dir import temporary_run_dir
from grader.services.postgresql import admin
from grader.services.postgresql.admin import (
    Names,
    connect_as_grader,
    connect_when_ready,
    drop_database,
    fill_database,
    make_database,
    server_version,
    watch_size,
)
from grader.services.postgresql.cluster import URL_VARIABLE, Cluster, running_cluster
from grader.services.service import GradingContext

LIMIT = 3


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with (
        temporary_run_dir() as run_dir,
        running_cluster(GradingContext(run_dir, run_dir), LIMIT) as cluster,
    ):
        yield cluster


@pytest.fixture
async def server(cluster: Cluster) -> AsyncIterator[asyncpg.Connection]:
    server = await connect_when_ready(cluster)
    yield server
    await server.close()


def test_names_and_passwords_are_different_for_each_check() -> None:
    one, two = Names(), Names()
    assert one.database != two.database
    assert one.password != two.password
    assert one.url("127.0.0.1", 5000) == (
        f"postgresql://{one.database}:{one.password}@127.0.0.1:5000/{one.database}"
    )


async def test_the_version_is_known_as_soon_as_the_server_answers(cluster: Cluster) -> None:
    assert (await server_version(cluster)).split(".")[0].isdigit()


async def test_a_server_that_exited_is_reported_with_its_last_line() -> None:
    with (
        temporary_run_dir() as run_dir,
        running_cluster(GradingContext(run_dir, run_dir), LIMIT) as cluster,
    ):
        assert cluster.process is not None
        assert cluster.log is not None
        cluster.process.kill()
        cluster.process.wait()
        cluster.log.write_text("one\nFATAL: two\n")
        with pytest.raises(ServiceUnavailable, match="PostgreSQL did not start: FATAL: two"):
            await connect_when_ready(cluster)


async def test_a_server_of_the_users_own_that_does_not_answer_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(URL_VARIABLE, "postgresql://me@127.0.0.1:1/")
    with (
        running_cluster(GradingContext(tmp_path, tmp_path), LIMIT) as cluster,
        pytest.raises(ServiceUnavailable, match="No PostgreSQL server answers"),
    ):
        await connect_when_ready(cluster)


async def test_a_server_that_refuses_the_grader_is_reported(cluster: Cluster) -> None:
    wrong = Cluster({**cluster.connect, "password": "wrong"}, cluster.socket)
    with pytest.raises(ServiceUnavailable, match="PostgreSQL refuses the grader"):
        await connect_when_ready(wrong)


async def test_the_grader_uses_a_database_with_no_more_rights_than_the_solution(
    cluster: Cluster, server: asyncpg.Connection
) -> None:
    names = Names()
    await make_database(server, names, LIMIT)
    admin = await connect_as_grader(cluster, names)
    await fill_database(admin, names, "CREATE TABLE stock (id int)")
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'stock'"
    assert await admin.fetchval(owner) == names.database
    assert not await admin.fetchval("SELECT usesuper FROM pg_user WHERE usename = current_user")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await admin.execute("CREATE ROLE more")
    await admin.close()


async def test_a_wrong_schema_is_reported(cluster: Cluster, server: asyncpg.Connection) -> None:
    names = Names()
    await make_database(server, names, LIMIT)
    admin = await connect_as_grader(cluster, names)
    with pytest.raises(ServiceUnavailable, match="PostgreSQL refuses the kata's schema"):
        await fill_database(admin, names, "CREATE NONSENSE")
    await admin.close()


async def test_a_database_is_dropped_on_a_server_of_the_users_own_alone(
    cluster: Cluster, server: asyncpg.Connection
) -> None:
    kept, dropped = Names(), Names()
    for names, where in (
        (kept, cluster),
        (dropped, Cluster(cluster.connect, cluster.socket)),
    ):
        connection = await connect_when_ready(cluster)
        await make_database(connection, names, LIMIT)
        await drop_database(connection, where, names)
        assert connection.is_closed()
    databases = "SELECT datname FROM pg_database WHERE datname = ANY($1)"
    found = await server.fetch(databases, [kept.database, dropped.database])
    assert [row["datname"] for row in found] == [kept.database]


async def test_a_database_that_grows_too_large_is_an_excess(
    server: asyncpg.Connection, attempt: AttemptContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, reported = Names(), list[Excess]()
    await make_database(server, names, LIMIT)
    attempt.abort.on_excess(reported.append)
    monkeypatch.setattr(admin, "SIZE_POLL_S", 0.001)
    monkeypatch.setattr(admin, "DATABASE_BYTES", 1)
    await watch_size(server, names, attempt)
    (excess,) = reported
    assert (excess.what, excess.limit, excess.noun) == ("database_bytes", 1, "Database")
    assert excess.seen > 1


async def test_the_watch_of_the_size_ends_with_its_connection(
    server: asyncpg.Connection, attempt: AttemptContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "SIZE_POLL_S", 0.001)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(watch_size, server, Names(), attempt)
        await server.close()
