"""Describes faults of a kata's own code for its author. Must not import pytest, because `kata run` uses this, too."""

import traceback
from pathlib import Path

MESSAGE_CHARS = 200
"""Maximum length of a quoted exception message."""

LINE_CHARS = 300
"""Maximum length of a quoted line of a pytest report."""


def place_of(error: BaseException, file: Path) -> str:
    """Where in this file an exception was raised: `FILE:LINE`, or only the file if no frame is in it."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == file
    ]
    return f"{file}:{lines[-1]}" if lines else str(file)


def describe(error: BaseException) -> str:
    """The type and the message of an exception, shortened."""
    return f"{type(error).__name__}: {str(error)[:MESSAGE_CHARS]}"


def fault_of_check(error: BaseException, checks: Path) -> str:
    """What is wrong with a check that raised an exception.

    Args:
        error: the exception.
        checks: the kata's `checks.py`.
    """
    place = place_of(error, checks)
    if isinstance(error, AssertionError):
        return f"{place} uses `assert`, which leaves no evidence; use expect()."
    return f"{place} raised {describe(error)}"


def last_line(report: str) -> str:
    """The last line of a pytest report, which names the exception."""
    lines = [line for line in report.strip().splitlines() if line.strip()]
    return lines[-1].removeprefix("E").strip()[:LINE_CHARS] if lines else "no message"
