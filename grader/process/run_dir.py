"""The temporary folder of one grading, and cleaning up after gradings that were killed.

Each grading holds a lock on a file in its folder; the system releases the lock however the process dies. A folder whose
lock is free is an orphan: the processes noted in it are ended, and it is removed. A folder gets its final name only
once it is locked, so a folder without a lock file belongs to a grading that was killed while removing it.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from grader.errors import HarnessError

PREFIX = "fastapi-katas-"
NEW = ".new-"
"""Precedes `PREFIX` while the folder is being made."""

LOCK = "lock"
PIDS = "pids"
UNFINISHED_S = 60.0
"""A folder older than this without its final name was abandoned."""

END_S = 2.0
"""How long a killed grading's processes have to exit before SIGKILL, and how long removing the folder is retried while
they still write to it.
"""

POLL_S = 0.05

PROGRAMS = ("bwrap", "cp", "postgres", "sh")
"""Programs that a grading starts with its folder's name in the command line: bubblewrap while it makes a sandbox, the
copying of a database, and the database server.
"""


@contextlib.contextmanager
def temporary_run_dir() -> Iterator[Path]:
    """A fresh folder for one grading, removed afterwards.

    Raises:
        HarnessError: the folder cannot be made.
    """
    base = temporary_base()
    sweep(base)
    # The name is known before the folder is made, so that an interruption at any moment leaves nothing behind.
    folder = base / f"{PREFIX}{secrets.token_hex(4)}"
    new = base / f"{NEW}{folder.name}"
    lock = None
    try:
        lock = _make_and_lock(new, folder)
        # If the grader is root, services run as another user, who may pass through the folder but not list it.
        folder.chmod(0o711)
        yield folder
    finally:
        for path in (folder, new):
            shutil.rmtree(path, ignore_errors=True)
        if lock is not None:
            os.close(lock)
        # The children of a grading killed just before this one may have held its lock during the first sweep.
        sweep(base)


def temporary_base() -> Path:
    """Find the system's temporary folder by the rules of `tempfile.gettempdir`, and set `tempfile.tempdir`.

    `gettempdir` itself tests each folder by writing a file, which an interruption at that moment would leave behind.

    Raises:
        HarnessError: no folder is writable.
    """
    if tempfile.tempdir is None:
        named = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
        places = [
            Path(place).absolute()
            for place in (*named, "/tmp", "/var/tmp", "/usr/tmp", os.curdir)
            if place
        ]
        usable = next(
            (place for place in places if place.is_dir() and os.access(place, os.W_OK | os.X_OK)),
            None,
        )
        if usable is None:
            raise HarnessError(
                "No temporary folder is writable.", "Set TMPDIR to a folder that you may write to."
            )
        tempfile.tempdir = str(usable)
    return Path(tempfile.tempdir)


def remove_contents(folder: Path) -> None:
    """Empty a folder but keep it, because it is mounted in a sandbox.

    Raises:
        HarnessError: something cannot be removed.
    """
    try:
        for path in folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise HarnessError(
            f"{folder} cannot be emptied: {error.strerror}.",
            "Check which other program uses this temporary folder.",
        ) from error


def _make_and_lock(new: Path, folder: Path) -> int:
    """Make a folder, lock it, and give it its final name.

    Returns:
        the descriptor that holds the lock.

    Raises:
        HarnessError: it cannot be made.
    """
    try:
        new.mkdir(mode=0o700)
        lock = os.open(new / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        new.rename(folder)
    except OSError as error:
        raise HarnessError(
            f"Could not make a temporary folder in {new.parent}: {error.strerror}.",
            "Free some space, or set TMPDIR to another folder.",
        ) from error
    return lock


def note_process(folder: Path, pid: int, end_with: signal.Signals = signal.SIGKILL) -> None:
    """Note a process that must not outlive this grading. Its start time is noted as well, because pids are reused.

    Args:
        folder: the grading's folder.
        pid: of the process.
        end_with: the signal that makes it clean up and exit; SIGKILL follows if it does not.
    """
    with contextlib.suppress(psutil.NoSuchProcess), open(folder / PIDS, "a") as file:
        file.write(f"{pid} {psutil.Process(pid).create_time()} {end_with.value}\n")


def sweep(base: Path) -> None:
    """Remove the folders of this user's killed gradings, and end their processes.

    Args:
        base: the system's temporary folder.
    """
    for folder in filter(_is_ours, base.glob(f"{PREFIX}*")):
        try:
            lock = os.open(folder / LOCK, os.O_RDWR)
        except FileNotFoundError:
            _remove(folder)
            continue
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)
        except BlockingIOError:
            continue
        finally:
            os.close(lock)
    for folder in filter(_is_ours, base.glob(f"{NEW}{PREFIX}*")):
        with contextlib.suppress(OSError):
            if time.time() - folder.stat().st_mtime > UNFINISHED_S:
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    """Whether this user made the folder; folders of other users are not trusted."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _remove(folder: Path) -> None:
    """Remove the folder of a killed grading, even while its processes still write to it."""
    end_noted_processes(folder)
    ends_s = time.monotonic() + END_S
    while True:
        end_unnoted_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists() or time.monotonic() > ends_s:
            return
        time.sleep(POLL_S)


def end_noted_processes(folder: Path) -> None:
    """End the processes noted in this folder, except if the pid has been reused."""
    try:
        lines = (folder / PIDS).read_text().splitlines()
    except OSError:
        return
    left: list[psutil.Process] = []
    for line in lines:
        with contextlib.suppress(psutil.Error, ValueError):
            pid, created, number = line.split()
            process = psutil.Process(int(pid))
            if process.create_time() == float(created):
                process.send_signal(int(number))
                left.append(process)
    for process in psutil.wait_procs(left, timeout=END_S)[1]:
        with contextlib.suppress(psutil.Error):
            process.kill()


def end_unnoted_processes(folder: Path) -> None:
    """End processes that a killed grading had started but not noted, by the folder's name in their command lines."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["name", "cmdline"]):
        with contextlib.suppress(psutil.Error):
            if process.info["name"] in PROGRAMS and any(
                folder.name in word for word in process.info["cmdline"] or ()
            ):
                process.kill()
                found.append(process)
    psutil.wait_procs(found, timeout=END_S)
