"""Restores a kata's starter, and keeps the learner's file as a backup beside it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from grader.atomic import COMMON, write_new, write_whole
from grader.catalog.manifest import Kata
from grader.errors import ProgressFileError, SolutionError
from grader.solution.solution import ENTRY

NAMES_TRIED = 1000


@dataclass(frozen=True)
class Reset:
    """The result of a reset.

    Attributes:
        app: the learner's file.
        backup: the backup of its former content; None if there was none.
        is_done: whether the file was replaced; False if it already was the starter.
    """

    app: Path
    backup: Path | None
    is_done: bool


def reset(kata: Kata, folder: Path, now: datetime) -> Reset:
    """Restore the starter in a learner's folder.

    The backup is on the disk before the file is replaced, so nothing is lost if the process is killed.

    Args:
        kata: the kata to reset.
        folder: the learner's folder of the kata.
        now: date and time for the name of the backup.

    Raises:
        SolutionError: `app.py` is not a file.
        ProgressFileError: something cannot be read or written; `app.py` is unchanged.
    """
    app = folder / ENTRY
    if app.exists() and not app.is_file():
        raise SolutionError(f"{app} is not a file.", "Move it away, then reset again.")
    try:
        starter = kata.starter.read_bytes()
        before = app.read_bytes() if app.exists() else None
        if before == starter:
            return Reset(app, None, is_done=False)
        backup = _keep(before, folder, now) if before is not None else None
        write_whole(app, starter, COMMON)
    except OSError as error:
        raise ProgressFileError(
            f"{app} cannot be reset: {error.strerror}.",
            "It is unchanged. Free some disk space or fix the permissions.",
        ) from error
    return Reset(app, backup, is_done=True)


def _keep(data: bytes, folder: Path, now: datetime) -> Path:
    # Matches GRADER_FILES in grader.solution.contents, so that backups are not graded.
    stem = f"app.{now:%Y-%m-%dT%H-%M-%S}"
    for suffix in ("", *(f"-{number}" for number in range(2, NAMES_TRIED))):
        backup = folder / f"{stem}{suffix}.py"
        try:
            write_new(backup, data)
        except FileExistsError:
            continue
        return backup
    raise FileExistsError(0, "too many backups within one second")
