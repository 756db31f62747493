"""`grade()`: grades one solution, and returns the evidence and the report."""

from pathlib import Path

from grader.catalog.manifest import Kata
from grader.grading.graded import Graded
from grader.grading.session import Session, Settings


def grade(kata: Kata, solution: Path, settings: Settings | None = None) -> Graded:
    """Grade one solution of one kata.

    Args:
        kata: from the catalog.
        solution: a file, a folder with an `app.py`, or an archive.
        settings: how to grade.

    Raises:
        SolutionError: the solution cannot be read.
        BrokenError: the grader, the kata or this machine failed before any check began.
        KeyboardInterrupt: the grading was interrupted.
    """
    with Session(kata, settings) as session:
        return session.grade(solution)
