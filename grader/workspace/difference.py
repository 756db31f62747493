"""Unified diffs of a learner's files."""

import difflib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.errors import SolutionError
from grader.solution.contents import is_ignored

LIMIT_BYTES = 200_000
LIMIT_LINES = 5_000
"""Limits of a file to compare, about a hundred times the size of a solution."""
LIMIT_FILES = 50
NOWHERE = "/dev/null"
CONTEXT_LINES = 3


@dataclass(frozen=True)
class Difference:
    """The difference between two versions of a file.

    Attributes:
        lines: a unified diff; empty if the versions are equal or cannot be compared.
        note: why they cannot be compared; otherwise empty.
    """

    name: str
    lines: tuple[str, ...] = ()
    note: str = ""


def read_lines(path: Path) -> list[str]:
    """The lines of a text file, with line ends.

    Raises:
        SolutionError: the file cannot be read, is not text, or is too large to compare.
    """
    try:
        if not path.is_file():
            raise SolutionError(f"{path} is not a file.", "")
        with open(path, "rb") as file:
            data = file.read(LIMIT_BYTES + 1)
    except OSError as error:
        raise SolutionError(
            f"{path} cannot be read: {error.strerror}.", "Fix its permissions."
        ) from error
    if b"\0" in data:
        raise SolutionError(f"{path} is not a text file.", "")
    lines = split_lines(data.decode(errors="replace"))
    if len(data) > LIMIT_BYTES or len(lines) > LIMIT_LINES:
        raise SolutionError(f"{path} is too large to compare.", "")
    return lines


def unified(
    old: Sequence[str], new: Sequence[str], old_name: str, new_name: str
) -> tuple[str, ...]:
    """The unified diff of two lists of lines, without line ends; empty if they are equal."""
    lines = difflib.unified_diff(old, new, old_name, new_name, n=CONTEXT_LINES)
    return tuple(line for given in lines for line in _without_end(given))


def differences_of_folders(old: Path, new: Path, shown: str) -> Iterator[Difference]:
    """The files of a learner's folder that differ from the starter's.

    Args:
        old: the folder of the starter.
        new: the learner's folder.
        shown: the name of the learner's folder in the diff.
    """
    names = list(_names(new))
    for name in sorted({*_names(old), *names[:LIMIT_FILES]}):
        difference = _difference(old / name, new / name, name, shown)
        if difference.lines or difference.note:
            yield difference
    if len(names) > LIMIT_FILES:
        yield Difference(
            shown,
            note=f"{shown} contains more than {LIMIT_FILES} files; the rest are not compared.",
        )


def _difference(old: Path, new: Path, name: str, shown: str) -> Difference:
    try:
        before, after = (read_lines(path) if os.path.lexists(path) else [] for path in (old, new))
    except SolutionError as error:
        return Difference(name, note=error.message)
    old_name = f"starter/{name}" if os.path.lexists(old) else NOWHERE
    new_name = f"{shown}/{name}" if os.path.lexists(new) else NOWHERE
    return Difference(name, unified(before, after, old_name, new_name))


def _names(folder: Path) -> Iterator[str]:
    """Paths of the files in this folder that a grading would copy, except READMEs; at most `LIMIT_FILES` + 1."""
    found = 0
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not is_ignored(name))
        for name in sorted(files):
            path = Path(parent, name).relative_to(folder)
            if not is_ignored(name) and not (parent == str(folder) and name.startswith("README")):
                yield str(path)
                found += 1
                if found > LIMIT_FILES:
                    return


def split_lines(text: str) -> list[str]:
    """The lines of a text with their ends, `\\n`."""
    # Not str.splitlines, which also breaks lines at form feeds and other control characters.
    return io.StringIO(text, newline="\n").readlines()


def _without_end(line: str) -> Iterator[str]:
    """A line of a diff without its line end, followed by the usual note if the file does not end in one."""
    yield line.removesuffix("\n")
    if not line.endswith("\n"):
        yield "\\ No newline at end of file"
