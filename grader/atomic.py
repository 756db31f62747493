"""Writes files whole or not at all."""

import os
from pathlib import Path

SAVING = ".saving-"
"""So begin the names of files that are being written, and of those that a killed process left."""

PRIVATE = 0o600
COMMON = 0o666
"""Modes of a new file: for its owner alone, or as the user's umask has it."""


def write_whole(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Write a file whole or not at all, even when the process is killed or the power fails in the middle.

    Args:
        path: where to; what is there already is replaced.
        data: all of it.
        mode: of the new file, less what the umask takes away.

    Raises:
        OSError: it cannot be written; what was there before is still there.
    """
    temporary = _write_beside(path, data, mode)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_new(path: Path, data: bytes, mode: int = COMMON) -> None:
    """Write a new file whole or not at all, and never over anything that is there.

    Raises:
        FileExistsError: the name is taken.
        OSError: it cannot be written.
    """
    temporary = _write_beside(path, data, mode)
    try:
        _name_anew(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _write_beside(path: Path, data: bytes, mode: int) -> Path:
    temporary = path.parent / f"{SAVING}{os.urandom(8).hex()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _name_anew(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)  # refuses a name that is taken, which a rename does not
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links: the name is taken first, then filled
        path.touch(exist_ok=False)
        temporary.replace(path)
