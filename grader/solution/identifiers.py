"""The Python names that a solution's source uses."""

import contextlib
import io
import os
import stat
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

from grader.solution.solution import OPEN

SOURCE_BYTES = 512 * 1024
"""How much source is read of one solution; the rest is left out."""


def identifiers_of(folder: Path) -> frozenset[str]:
    """The names in a solution's Python files, keywords included. Comments and strings do not count.

    A file is read up to its first error. Files that cannot be read have no names.

    Args:
        folder: a copy of the solution, as `take_in` makes it.
    """
    names: set[str] = set()
    room_bytes = SOURCE_BYTES
    for path in sorted(folder.rglob("*.py")):
        if room_bytes <= 0:
            break
        source = _read(path, room_bytes)
        room_bytes -= len(source)
        names.update(names_in(source.decode(errors="replace")))
    return frozenset(names)


def _read(path: Path, most_bytes: int) -> bytes:
    """The beginning of a regular file; nothing of anything else, which an app without a sandbox may have put there."""
    try:
        descriptor = os.open(path, OPEN)
    except OSError:
        return b""
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return b""
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(most_bytes)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def names_in(source: str) -> frozenset[str]:
    """The names in Python source, keywords included, up to the first error in it."""
    return frozenset(_names(source))


def _names(source: str) -> Iterator[str]:
    with warnings.catch_warnings(), contextlib.suppress(tokenize.TokenError, SyntaxError):
        warnings.simplefilter("ignore")  # the tokenizer warns of odd numbers, which is no news here
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME:
                yield token.string
