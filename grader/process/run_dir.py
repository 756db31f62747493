"""The temporary folder of one grading, and the removal of what killed gradings left.

Each folder holds a lock file that its grading keeps locked; the system drops the lock when the process dies, however
it dies. A folder whose lock is free belongs to nobody: processes noted in it are ended and it is removed. A folder gets
its name when it is locked, so one without a lock is what was left when a grading was killed while removing it.
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
"""Before the prefix while the folder is being made."""

LOCK = "lock"
PIDS = "pids"
UNFINISHED_S = 60.0
"""A folder that has not got its name for so long is not being made any more."""

END_S = 2.0
"""How long a process left by a killed grading may take to end before SIGKILL, and how long its folder may be written
into after that.
"""

POLL_S = 0.05

PROGRAMS = ("bwrap", "cp", "postgres", "sh")
"""What a grading starts that names its folder: a sandbox that does not stand yet, the copy of a database and its
server.
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
        sweep(
            base
        )  # what was killed just before this began may have held its lock until its last child had started


def temporary_base() -> Path:
    """Where temporary folders go, by the rules of `tempfile.gettempdir`, for the module `tempfile` as well.

    That function writes a file of a random name to try each place. An interruption at that moment would leave the file.

    Raises:
        HarnessError: there is no such place.
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
    """Empty a folder that itself stays, as one must that is mounted elsewhere.

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
            "Look who else uses this temporary folder.",
        ) from error


def _make_and_lock(new: Path, folder: Path) -> int:
    """Make a folder that gets its name when it is locked.

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
    """Note a process that must not outlive this grading, with its start time against reused pids.

    Args:
        folder: the grading's folder.
        pid: the process.
        end_with: the signal on which it ends and cleans up; SIGKILL follows for those that do not.
    """
    with contextlib.suppress(psutil.NoSuchProcess), open(folder / PIDS, "a") as file:
        file.write(f"{pid} {psutil.Process(pid).create_time()} {end_with.value}\n")


def sweep(base: Path) -> None:
    """Remove what gradings of this user that were killed left in this folder, and end their processes."""
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
    """Whether this user has made it: what others have put there is not believed."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _remove(folder: Path) -> None:
    """Remove a folder of a grading that has ended; what is still being written into it meanwhile is removed, too."""
    end_noted_processes(folder)
    ends_s = time.monotonic() + END_S
    while True:
        end_unnoted_processes(folder)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists() or time.monotonic() > ends_s:
            return
        time.sleep(POLL_S)


def end_noted_processes(folder: Path) -> None:
    """End each process noted in this folder that is still the same process."""
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
    """End what a grading had started, and was killed before it could note that: such programs name its folder."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter(["name", "cmdline"]):
        with contextlib.suppress(psutil.Error):
            if process.info["name"] in PROGRAMS and any(
                folder.name in word for word in process.info["cmdline"] or ()
            ):
                process.kill()
                found.append(process)
    psutil.wait_procs(found, timeout=END_S)
