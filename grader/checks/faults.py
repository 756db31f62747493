"""What a kata's own code did wrong, as a sentence for its author. Does not import pytest: `kata run` needs it, too."""

import traceback
from pathlib import Path

MESSAGE_CHARS = 200
"""How much of an exception's message a sentence quotes."""

LINE_CHARS = 300
"""How much of a line of pytest's reports a sentence quotes."""


def place_of(error: BaseException, file: Path) -> str:
    """Where in this file an exception arose: `FILE:LINE`, or the file alone if no frame is in it."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == file
    ]
    return f"{file}:{lines[-1]}" if lines else str(file)


def describe(error: BaseException) -> str:
    """The type and the message of an exception, shortened."""
    return f"{type(error).__name__}: {str(error)[:MESSAGE_CHARS]}"


def fault_of_check(error: Exception, checks: Path) -> str:
    """What is wrong with a check that raised an exception of its own.

    Args:
        error: what it raised.
        checks: the kata's `checks.py`.
    """
    place = place_of(error, checks)
    if isinstance(error, AssertionError):
        return f"{place} uses `assert`, which leaves no evidence; use expect()."
    return f"{place} raised {describe(error)}"


def last_line(report: str) -> str:
    """The last line of one of pytest's reports, which names the exception."""
    lines = [line for line in report.strip().splitlines() if line.strip()]
    return lines[-1].removeprefix("E").strip()[:LINE_CHARS] if lines else "no message"
