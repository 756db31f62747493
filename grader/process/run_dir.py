"""The temporary folder of one grading, and cleaning up after gradings that were killed.

A grading keeps a lock file in its folder locked; the system releases the lock when the process dies, however it dies. A
folder whose lock is free is an orphan: the processes noted in it are ended and it is removed. A folder gets its name
only once it is locked, so a folder without a lock file is left from a grading that was killed while removing it.
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
"""Precedes the prefix while the folder is being made."""

LOCK = "lock"
PIDS = "pids"
UNFINISHED_S = 60.0
"""A folder that is older than this and still has no final name was abandoned."""

END_S = 2.0
"""How long a process that a killed grading left has to exit before SIGKILL, and how long it may then still write into
the folder.
"""

POLL_S = 0.05

PROGRAMS = ("bwrap", "cp", "postgres", "sh")
"""Programs that a grading starts with its folder in the command line: bubblewrap while it builds a sandbox, the copying
of a database, and the database's server.
"""


@contextlib.contextmanager
def temporary_run_dir() -> Iterator[Path]:
    """A fresh folder for one grading, removed afterwards.

    Raises:
        HarnessError: the folder cannot be made.
    """
    base = temporary_base()
    sweep(base)
    # Its name is known before it is made, so that an interruption at any moment from here on leaves nothing.
    folder = base / f"{PREFIX}{secrets.token_hex(4)}"
    new = base / f"{NEW}{folder.name}"
    lock = None
    try:
        lock = _make_and_lock(new, folder)
        # Services run as another user when the grader is root; they may pass through but not list.
        folder.chmod(0o711)
        yield folder
    finally:
        for path in (folder, new):
            shutil.rmtree(path, ignore_errors=True)
        if lock is not None:
            os.close(lock)
        # A grading killed just before this one began may have kept its lock until its last child had started.
        sweep(base)


def temporary_base() -> Path:
    """Find the folder for temporary folders by the rules of `tempfile.gettempdir`, and set it for `tempfile`, too.

    `gettempdir` tries each place by writing a file with a random name; an interruption at that moment would leave it.

    Raises:
        HarnessError: no place can be used.
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
                "No temporary folder can be used.", "Set TMPDIR to a folder that you may write to."
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
    """Make a folder and rename it once it is locked.

    Returns:
        a descriptor that holds the lock.

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
            f"No temporary folder can be made in {new.parent}: {error.strerror}.",
            "Free some space, or set TMPDIR to another folder.",
        ) from error
    return lock


def note_process(folder: Path, pid: int, end_with: signal.Signals = signal.SIGKILL) -> None:
    """Note a process that must not outlive this grading, with its start time in case its pid is reused.

    Args:
        folder: the grading's folder.
        pid: the process.
        end_with: the signal on which it cleans up and exits; SIGKILL follows if it does not.
    """
    with contextlib.suppress(psutil.NoSuchProcess), open(folder / PIDS, "a") as file:
        file.write(f"{pid} {psutil.Process(pid).create_time()} {end_with.value}\n")


def sweep(base: Path) -> None:
    """Remove the folders that this user's killed gradings left here, and end their processes."""
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
    """Whether this user made it; a folder that someone else put here is not trusted."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _remove(folder: Path) -> None:
    """Remove the folder of a grading that is gone, and what may still be written into it meanwhile."""
    end_noted_processes(folder)
    ends_s = time.monotonic() + END_S
    while True:
        end_unnoted_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists() or time.monotonic() > ends_s:
            return
        time.sleep(POLL_S)


def end_noted_processes(folder: Path) -> None:
    """End each process noted in this folder whose pid has not been reused."""
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
    """End the processes that a killed grading had started but not yet noted: their command lines name its folder."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["name", "cmdline"]):
        with contextlib.suppress(psutil.Error):
            if process.info["name"] in PROGRAMS and any(
                folder.name in word for word in process.info["cmdline"] or ()
            ):
                process.kill()
                found.append(process)
    psutil.wait_procs(found, timeout=END_S)
