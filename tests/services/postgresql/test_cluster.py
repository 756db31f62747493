"""The PostgreSQL server of a grading: how it starts, where it is reached, and that it ends."""

from pathlib import Path

import psutil
import pytest

from grader.child.limits import SERVERS
from grader.errors import ServiceUnavailable
from grader.process.run_dir import temporary_run_dir
from grader.services.postgresql import cluster
from grader.services.postgresql.admin import connect_when_ready
from grader.services.postgresql.cluster import (
    OWN_CONNECTIONS,
    SOCKET,
    SOCKET_PATH_BYTES,
    URL_VARIABLE,
    own_server,
    running_cluster,
    settings_for,
    socket_folder,
)
from grader.services.service import GradingContext

LIMIT = 4
SEGMENTS = Path("/proc/sysvipc/shm")


def test_the_server_and_its_data_are_gone_afterwards() -> None:
    with (
        temporary_run_dir() as run_dir,
        running_cluster(GradingContext(run_dir, run_dir), LIMIT) as cluster,
    ):
        assert cluster.process is not None
        pid = cluster.process.pid
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
    assert not run_dir.exists()


@pytest.mark.skipif(not SEGMENTS.exists(), reason="only Linux lists its shared memory")
async def test_a_server_that_was_killed_leaves_no_shared_memory() -> None:
    with (
        temporary_run_dir() as run_dir,
        running_cluster(GradingContext(run_dir, run_dir), LIMIT) as cluster,
    ):
        connection = await connect_when_ready(cluster)
        segment = (run_dir / "data" / "postmaster.pid").read_text().splitlines()[6].split()[1]
        assert segment in segments()
        assert cluster.process is not None
        mapped = {file.path for file in psutil.Process(cluster.process.pid).memory_maps()}
        assert not [path for path in mapped if path.startswith("/dev/shm/")]
        cluster.process.kill()
        cluster.process.wait()
        connection.terminate()
        assert segment in segments()
    assert segment not in segments()


def segments() -> list[str]:
    """The ids of the System V shared memory segments of this machine that have not been removed."""
    rows = [line.split() for line in SEGMENTS.read_text().splitlines()[1:]]
    return [row[1] for row in rows if int(row[2], 8) < 0o1000]  # above: removed, but still attached


def test_a_cache_that_cannot_be_written_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    for kind in ("site_cache_dir", "user_cache_dir"):
        monkeypatch.setattr(f"platformdirs.{kind}", lambda name: str(tmp_path / "file" / name))
    with (
        pytest.raises(ServiceUnavailable, match="cannot be started"),
        running_cluster(GradingContext(tmp_path, tmp_path), LIMIT),
    ):
        pass


def test_a_copy_that_fails_is_reported_with_the_last_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = GradingContext(tmp_path / "not there", tmp_path)
    with (
        pytest.raises(ServiceUnavailable, match=r"cannot be set up: cp: .*No such file"),
        running_cluster(context, LIMIT),
    ):
        pass


def test_a_server_grants_the_connections_of_checks_side_by_side_and_the_graders_beyond_them() -> (
    None
):
    settings = settings_for(7, Path("/sockets"))
    assert settings["max_connections"] == str(SERVERS * (7 + OWN_CONNECTIONS))
    assert settings["unix_socket_directories"] == "/sockets"
    assert settings["listen_addresses"] == ""


def test_the_socket_is_in_the_data_folder_unless_its_path_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "SOCKET_PATH_BYTES", len(str(tmp_path / SOCKET)))
    with socket_folder(tmp_path, {}) as folder:
        assert folder == tmp_path
    with socket_folder(tmp_path / "longer", {}) as folder:
        assert len(str(folder / SOCKET)) <= SOCKET_PATH_BYTES
        assert folder.is_dir()
    assert not folder.exists()


def test_a_url_says_where_the_users_own_server_is() -> None:
    cluster = own_server("postgresql://me:p%40ss@db.example:6000")
    assert cluster.connect == {
        "host": "db.example",
        "port": 6000,
        "user": "me",
        "password": "p@ss",
    }
    assert (cluster.socket, cluster.log, cluster.has_ended()) == (None, None, False)


def test_a_url_needs_neither_a_user_nor_a_port() -> None:
    assert own_server("postgres://db.example").connect == {
        "host": "db.example",
        "port": 5432,
        "user": "postgres",
        "password": None,
    }


@pytest.mark.parametrize(
    "url",
    [
        "http://host/db",
        "nonsense",
        "postgresql://u@h:abc/",
        "postgresql://u@h:99999/",
        "postgresql://[::1",
    ],
)
def test_a_url_that_is_not_one_of_postgres_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv(URL_VARIABLE, url)
    with (
        pytest.raises(ServiceUnavailable, match="is not a PostgreSQL URL"),
        running_cluster(GradingContext(tmp_path, tmp_path), LIMIT),
    ):
        pass
