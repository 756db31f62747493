"""Grades examples ahead of the tests that ask for them, several at a time, in processes that have imported the grader already.

Each process grades the examples of one kata in a series, as `kata verify` does: the imports are half of what a grading computes.
"""

import atexit
import contextlib
import functools
import multiprocessing
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.find import find_catalog
from grader.grading.grade import Series, Settings
from grader.report import Report

AT_A_TIME = 5
"""Verdicts do not depend on it; most of a grading is waiting, and two cores have time for five."""


@dataclass(frozen=True)
class Job:
    """One grading.

    Attributes:
        slug: of the kata.
        solution: a file or a folder.
        stops_early: whether the first failed check is enough.
    """

    slug: str
    solution: Path
    stops_early: bool = False


class Desk:
    """What one of the processes has at hand: the series of the kata that it graded last."""

    def __init__(self) -> None:
        self._slug = ""
        self._stack = contextlib.ExitStack()
        self._series: Series | None = None
        atexit.register(self._stack.close)

    def grade(self, job: Job) -> Report:
        """Grade one solution."""
        if self._series is None or self._slug != job.slug:
            self._stack.close()
            self._series = self._stack.enter_context(Series(find_catalog().kata(job.slug), Settings()))
            self._slug = job.slug
        return self._series.grade(job.solution, stops_early=job.stops_early)


@functools.cache
def desk() -> Desk:
    """That of this process."""
    return Desk()


def grade_here(job: Job) -> Report:
    """Grade in this process."""
    return desk().grade(job)


class Queue:
    """Jobs that nobody has begun. Whoever has begun with a kata goes on with it, and helps others in the end."""

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._lock = threading.Lock()
        self._begun: set[str] = set()
        self._left: dict[str, deque[str]] = {}
        for name, job in jobs.items():
            self._left.setdefault(job.slug, deque()).append(name)

    def take(self, slug: str) -> tuple[str, str] | None:
        """The next job for whoever is at this kata, and its kata; None when there is none any more."""
        with self._lock:
            left = {kata: names for kata, names in self._left.items() if names}
            if not left:
                return None
            fresh = next((kata for kata in left if kata not in self._begun), None)
            chosen = slug if slug in left else fresh or max(left, key=lambda kata: len(left[kata]))
            self._begun.add(chosen)
            return left[chosen].popleft(), chosen

    def end(self) -> None:
        """Hand out no more."""
        with self._lock:
            self._left.clear()


@contextmanager
def graded_ahead(jobs: Mapping[str, Job]) -> Iterator[Mapping[str, Future[Report]]]:
    """The reports of all these, so many at a time; what has not begun when the block ends never does.

    Args:
        jobs: by name, those of a kata together.
    """
    reports: dict[str, Future[Report]] = {name: Future() for name in jobs}
    queue = Queue(jobs)

    def work(process: ProcessPoolExecutor) -> None:
        slug = ""
        with process:
            while (taken := queue.take(slug)) is not None:
                name, slug = taken
                graded = process.submit(grade_here, jobs[name])
                wait([graded])
                if (error := graded.exception()) is not None:
                    reports[name].set_exception(error)
                else:
                    reports[name].set_result(graded.result())

    processes = [ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) for _ in range(AT_A_TIME)]
    for process in processes:
        # It begins here, not in a thread: while that starts it, pytest may write the test's name into the environment.
        process.submit(int)
    with ThreadPoolExecutor(AT_A_TIME) as threads:
        for process in processes:
            threads.submit(work, process)
        yield reports
        queue.end()
