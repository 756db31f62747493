"""Copies a solution for grading: reads it once, within limits, so that later edits do not affect the grading."""

import errno
import itertools
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader.errors import HarnessError, SolutionError
from grader.solution.archive import is_archive, read_archive
from grader.solution.contents import LIMIT_ENTRIES, Contents, is_ignored, kind_of, normalized_name

ENTRY = "app.py"
OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
"""Neither follow links nor block, even if the file is replaced by a pipe or a device just before it is opened."""

LISTED = 10 * LIMIT_ENTRIES
"""Maximum number of entries that are read from a folder, ignored ones included."""

RESOURCE_ERRORS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def take_in(solution: Path, target: Path) -> Path:
    """Copy a solution to a new folder: a file, an archive, or a folder with `app.py`.

    Only contents are copied: no owners, modes or times. Links are refused, except hard links in a folder, which cannot
    be told from other files; their content is copied.

    Raises:
        SolutionError: the solution is missing, unreadable or a link; contains anything but regular files and folders;
            exceeds a limit; or has no `app.py`.
        HarnessError: the copy cannot be written.
    """
    contents = Contents(solution)
    _require_encodable(solution)
    try:
        with _opened(solution, None, contents, "") as (descriptor, status):
            if stat.S_ISDIR(status.st_mode):
                _read_folder(descriptor, "", contents)
            elif is_archive(solution.name):
                read_archive(_read_file(descriptor, status, contents), contents)
            else:
                contents.add_file(ENTRY, _read_file(descriptor, status, contents))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SolutionError(
            f"There is no solution at {solution}.",
            "Name a file, an archive, or a folder with an app.py.",
        ) from error
    except OSError as error:
        raise _unreadable(solution, error) from error
    if ENTRY not in contents.files:
        raise SolutionError(
            f"{solution} has no {ENTRY}.", "The application must be `app` in a file with this name."
        )
    contents.write(target)
    return target


def folder_to_run(solution: Path, copy: Path) -> Path:
    """The folder in which a solution runs outside a grading: its own folder, so that debuggers find its lines.

    An archive, or a file that is not named `app.py`, is first copied to the new folder `copy`.

    Raises:
        SolutionError: the solution is missing, or has no `app.py`.
        HarnessError: the copy cannot be written.
    """
    folder = solution.parent if solution.name == ENTRY else solution
    if folder.is_dir():
        if not (folder / ENTRY).is_file():
            raise SolutionError(
                f"{folder} has no {ENTRY}.",
                "The application must be `app` in a file with this name.",
            )
        return folder.resolve()
    return take_in(solution, copy).resolve()


def _require_encodable(solution: Path) -> None:
    try:
        str(solution).encode()
    except UnicodeEncodeError as error:
        raise SolutionError(
            f"The path {solution} is not UTF-8, so no report could name it.", "Rename the solution."
        ) from error


def _read_folder(folder: int, within: str, contents: Contents) -> None:
    with os.scandir(folder) as entries:
        # A folder may have a million files. Read part of the listing; too many files are refused below.
        names = sorted(
            entry.name for entry in itertools.islice(entries, LISTED) if not is_ignored(entry.name)
        )
    for own_name in names:
        name = normalized_name(contents, within + own_name)
        try:
            with _opened(own_name, folder, contents, name) as (descriptor, status):
                if stat.S_ISDIR(status.st_mode):
                    contents.add_folder(name)
                    _read_folder(descriptor, f"{name}/", contents)
                else:
                    contents.add_file(name, _read_file(descriptor, status, contents))
        except FileNotFoundError:  # deleted since the names were read
            continue
        except OSError as error:
            raise _unreadable(contents.source / name, error) from error


@contextmanager
def _opened(
    path: Path | str, folder: int | None, contents: Contents, name: str
) -> Iterator[tuple[int, os.stat_result]]:
    """Open a regular file or a folder.

    The kind is checked before opening, because opening a device can have effects, and again afterwards, because the
    file may have been replaced in between.
    """
    _require_file_or_folder(os.stat(path, dir_fd=folder, follow_symlinks=False), contents, name)
    descriptor = os.open(path, OPEN, dir_fd=folder)
    try:
        status = os.fstat(descriptor)
        _require_file_or_folder(status, contents, name)
        yield descriptor, status
    finally:
        os.close(descriptor)


def _require_file_or_folder(status: os.stat_result, contents: Contents, name: str) -> None:
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return
    kind = kind_of(status.st_mode)
    if name:
        raise contents.refusal(name, f", which is {kind}")
    raise SolutionError(f"{contents.source} is {kind}.", "Name the file or folder itself.")


def _read_file(descriptor: int, status: os.stat_result, contents: Contents) -> bytes:
    contents.require_room(status.st_size)
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        data = file.read(contents.room_bytes + 1)
    contents.require_room(len(data))
    return data


def _unreadable(path: Path, error: OSError) -> SolutionError | HarnessError:
    if error.errno in RESOURCE_ERRORS:
        return HarnessError(
            f"The solution {path} cannot be read: {error.strerror}.",
            "Raise the limits of this shell (`ulimit -a`).",
        )
    return SolutionError(
        f"The solution {path} cannot be read: {error.strerror}.", "Fix its permissions."
    )
