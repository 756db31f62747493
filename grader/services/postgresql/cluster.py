"""The PostgreSQL server of a grading: a temporary one, or the user's own server, set by `KATA_POSTGRES_URL`."""

import asyncio
import contextlib
import ctypes
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from grader.child.limits import SERVERS
from grader.errors import ServiceUnavailable
from grader.process.launcher import CLOSE_S
from grader.process.run_dir import note_process
from grader.services.postgresql.template import PACKAGE, SUPERUSER, Template, prepare_template
from grader.services.service import GradingContext

URL_VARIABLE = "KATA_POSTGRES_URL"

OWN_CONNECTIONS = 100
"""Connections that the server allows for each check beyond the solution's limit: for the grader, for PostgreSQL's
reserve, and for a crowd over the limit, where each connection takes a slot until it is refused. Six checks side by side
need 28 MiB more shared memory than one, and no time."""

SETTINGS = {
    "listen_addresses": "",
    "scram_iterations": "1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    # In files of the data folder, which is removed even if the server was killed.
    "dynamic_shared_memory_type": "mmap",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
}
"""For a server that lasts one grading: no durability, few processes, no network."""

SESSION_KIB = 400 * 1024
"""Limit on the address space of each server process; libraries and shared memory take about 180 MiB of it."""

IPC_RMID = 0
"""The command of shmctl(2) that removes a segment, on Linux and macOS."""

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 100
"""Longest path used for a Unix socket; the system's limit is 103 on macOS and 107 on Linux."""

HINT = f"Set {URL_VARIABLE} to a PostgreSQL server of your own, or reinstall the package {PACKAGE}."


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server that the grader may use as superuser.

    Attributes:
        connect: arguments of `asyncpg.connect`, without the database.
        socket: the server's Unix socket; None if it is reached over TCP.
        log: its log file; None for the user's own server.
        process: its process; None for the user's own server.
    """

    connect: dict[str, Any]
    socket: Path | None
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    def has_ended(self) -> bool:
        """Whether the grader started the server and its process has exited."""
        return self.process is not None and self.process.poll() is not None

    async def dial(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Open a plain connection to the server, for the relay."""
        loop = asyncio.get_running_loop()
        if self.socket is not None:
            await loop.create_unix_connection(protocol, str(self.socket))
        else:
            await loop.create_connection(protocol, self.connect["host"], self.connect["port"])


@contextlib.contextmanager
def running_cluster(context: GradingContext, max_connections: int) -> Iterator[Cluster]:
    """Start a server for one grading without waiting until it is ready, and stop it afterwards.

    Args:
        context: for its data and its log.
        max_connections: how many connections the solution may have at once.

    Raises:
        ServiceUnavailable: it cannot be started.
    """
    if url := own_url():
        yield own_server(url)
        return
    data, log = context.folder / "data", context.folder / "log"
    with contextlib.ExitStack() as stack:
        with _errors_as_unavailable():
            template = prepare_template()
            subprocess.run(
                ["cp", "-Rp", str(template.data), str(data)], check=True, capture_output=True
            )
            sockets = stack.enter_context(socket_folder(data, template.account))
            process = start(template, data, log, settings_for(max_connections, sockets))
        stack.callback(end, process, data)
        note_process(context.run_dir, process.pid, signal.SIGQUIT)
        account = {"user": SUPERUSER, "password": template.password}
        yield Cluster({"host": str(sockets), **account}, sockets / SOCKET, log, process)


@contextlib.contextmanager
def _errors_as_unavailable() -> Iterator[None]:
    """Turn errors of starting a server into `ServiceUnavailable`."""
    try:
        yield
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines() or [str(error)]
        raise ServiceUnavailable(f"PostgreSQL cannot be set up: {lines[-1]}", HINT) from error
    except OSError as error:
        raise ServiceUnavailable(f"PostgreSQL cannot be started: {error}.", HINT) from error


def settings_for(max_connections: int, sockets: Path) -> dict[str, str]:
    """Settings for a server with its socket in this folder, on which the solution may open this many connections in
    each of several checks side by side.
    """
    return {
        **SETTINGS,
        "max_connections": str(SERVERS * (max_connections + OWN_CONNECTIONS)),
        "unix_socket_directories": str(sockets),
    }


def start(
    template: Template, data: Path, log: Path, settings: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Start the server, in its own session so that Ctrl-C does not reach it."""
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = [str(template.binaries / "postgres"), "-D", str(data), *options]
    with open(log, "wb") as output:
        return subprocess.Popen(
            # A query can use any amount of memory; where the system supports it, `ulimit` caps each session.
            ["sh", "-c", f'ulimit -v {SESSION_KIB} 2>/dev/null; exec "$@"', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=data,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            start_new_session=True,
            **template.account,
        )


def end(process: subprocess.Popen[bytes], data: Path) -> None:
    """Stop the server immediately, without saving the data in this folder."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    remove_segment(data)


def remove_segment(data: Path) -> None:
    """Remove the System V shared memory of a server that was killed; one that stopped by itself has done so.

    The system keeps such a segment until it restarts, and allows about 4,000 of them. Its id is the last number of the
    seventh line of `postmaster.pid`, a file that a server removes with its segment
    (https://www.postgresql.org/docs/current/storage-file-layout.html).
    """
    with contextlib.suppress(OSError, IndexError, ValueError):
        segment = int((data / "postmaster.pid").read_text().splitlines()[6].split()[1])
        ctypes.CDLL(None).shmctl(segment, IPC_RMID, None)


@contextlib.contextmanager
def socket_folder(data: Path, account: dict[str, Any]) -> Iterator[Path]:
    """The folder for the server's Unix socket: the data folder, or a temporary one if its path is too long."""
    if len(os.fsencode(data / SOCKET)) <= SOCKET_PATH_BYTES:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="kata-postgres-", dir="/tmp") as folder:
        if account:
            os.chown(folder, account["user"], account["group"])
        yield Path(folder)


def own_url() -> str:
    """The address of the user's own server, from the environment; empty if none is set."""
    return os.environ.get(URL_VARIABLE, "")


def own_server(url: str) -> Cluster:
    """The user's own server at this URL.

    Raises:
        ServiceUnavailable: this is not a PostgreSQL URL.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 5432
    except ValueError as error:  # an invalid port, or half an IPv6 address
        raise _no_url() from error
    if parts.scheme not in ("postgresql", "postgres") or not host:
        raise _no_url()
    user, password = (unquote(word) if word else None for word in (parts.username, parts.password))
    return Cluster(
        {"host": host, "port": port, "user": user or SUPERUSER, "password": password}, None
    )


def _no_url() -> ServiceUnavailable:
    hint = f"Write it as {URL_VARIABLE}=postgresql://user:password@host:5432, or unset it."
    return ServiceUnavailable(f"{URL_VARIABLE} is not a PostgreSQL URL.", hint)
