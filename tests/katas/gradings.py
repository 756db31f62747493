"""Grades examples ahead of the tests that ask for them, several at a time, in processes that have imported the grader already.

Each process keeps the launcher of its kata for the next example, as `kata verify` does: the imports are half of what a grading computes.
"""

import atexit
import contextlib
import functools
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from grader.catalog.find import find_catalog
from grader.grading import Series, Settings
from grader.report import Report

AT_A_TIME = 5
"""Verdicts do not depend on it; most of a grading is waiting, and two cores have time for five."""


class Desk:
    """What one of the processes has at hand: the series of the kata that it graded last."""

    def __init__(self) -> None:
        self._begun: tuple[str, bool] | None = None
        self._stack = contextlib.ExitStack()
        self._series: Series | None = None
        atexit.register(self._stack.close)

    def grade(self, slug: str, solution: Path, *, stops_early: bool) -> Report:
        """Grade one solution."""
        if self._series is None or self._begun != (slug, stops_early):
            self._stack.close()
            self._series = self._stack.enter_context(Series(find_catalog().kata(slug), Settings(stops_early=stops_early)))
            self._begun = (slug, stops_early)
        return self._series.grade(solution)


@functools.cache
def desk() -> Desk:
    """That of this process."""
    return Desk()


def grade_example(slug: str, solution: str, stops_early: bool) -> Report:
    """Grade one solution in this process."""
    return desk().grade(slug, Path(solution), stops_early=stops_early)


class Pool:
    """Gradings under way."""

    def __init__(self, processes: ProcessPoolExecutor) -> None:
        self._processes = processes

    def begin(self, slug: str, solution: Path, *, stops_early: bool = False) -> Future[Report]:
        """Grade this as soon as there is room for it.

        Args:
            slug: of the kata.
            solution: a file or a folder.
            stops_early: whether the first failed check is enough.
        """
        return self._processes.submit(grade_example, slug, str(solution), stops_early)


@contextmanager
def grading_pool() -> Iterator[Pool]:
    """So many gradings at a time; what has not begun when the block ends never does."""
    with ProcessPoolExecutor(AT_A_TIME, mp_context=multiprocessing.get_context("spawn")) as processes:
        yield Pool(processes)
        processes.shutdown(cancel_futures=True)
