"""What the command prints when it crashes: a bug of the grader, not of the solution."""

import sys
import traceback
from importlib.metadata import version

from grader.render.text import escaped

TRACEBACK_LINES = 200


def print_crash() -> None:
    """Print the traceback of the exception being handled, and say that the bug is ours."""
    # Escaped, because the text of an exception may come from a solution.
    lines = traceback.format_exc().splitlines()
    print(*(escaped(line, 500) for line in lines[-TRACEBACK_LINES:]), sep="\n", file=sys.stderr)
    print(
        f"\nThis is a bug of kata {version('fastapi-katas')}, not of your code: please report it with the lines above.",
        file=sys.stderr,
    )
