"""Writes files completely or not at all."""

import os
from pathlib import Path

SAVING = ".saving-"
"""Prefix of files that are being written; a killed process may leave one behind."""

PRIVATE = 0o600
COMMON = 0o666
"""Modes of a new file: private to its owner, or whatever the umask allows."""


def write_whole(path: Path, data: bytes, mode: int = PRIVATE) -> None:
    """Write a file completely or not at all, even if the process is killed or power fails during the write.

    Args:
        path: the file, replaced if it exists.
        data: its whole content.
        mode: of the new file, before the umask is applied.

    Raises:
        OSError: it cannot be written; an existing file is unchanged.
    """
    temporary = _write_beside(path, data, mode)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_new(path: Path, data: bytes, mode: int = COMMON) -> None:
    """Write a new file completely or not at all, and never replace an existing one.

    Raises:
        FileExistsError: the path is taken, by a file or anything else.
        OSError: it cannot be written.
    """
    temporary = _write_beside(path, data, mode)
    try:
        _link(temporary, path)
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


def _link(temporary: Path, path: Path) -> None:
    try:
        path.hardlink_to(temporary)  # fails if the name is taken, unlike a rename
    except FileExistsError:
        raise
    except OSError:
        # The file system has no hard links: reserve the name, then replace the empty file.
        path.touch(exist_ok=False)
        temporary.replace(path)
