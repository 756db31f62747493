"""The message after a crash, which is a bug in the grader and not in the solution."""

import sys
import traceback
from importlib.metadata import version

from grader.render.text import escaped

TRACEBACK_LINES = 200


def print_crash() -> None:
    """Print the traceback of the current exception, and ask the user to report it."""
    # Escaped, because the text of an exception may come from a solution.
    lines = traceback.format_exc().splitlines()
    print(*(escaped(line, 500) for line in lines[-TRACEBACK_LINES:]), sep="\n", file=sys.stderr)
    print(
        f"\nThis is a bug in kata {version('fastapi-katas')}, not in your code. Please report it with the lines above.",
        file=sys.stderr,
    )
