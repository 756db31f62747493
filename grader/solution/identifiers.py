"""The Python names that a solution's source uses."""

import contextlib
import io
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

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
        with contextlib.suppress(OSError), path.open("rb") as file:
            source = file.read(room_bytes)
            room_bytes -= len(source)
            names.update(_names(source.decode(errors="replace")))
    return frozenset(names)


def _names(source: str) -> Iterator[str]:
    with warnings.catch_warnings(), contextlib.suppress(tokenize.TokenError, SyntaxError):
        warnings.simplefilter("ignore")  # the tokenizer warns of odd numbers, which is no news here
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.NAME:
                yield token.string
