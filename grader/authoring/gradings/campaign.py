"""Runs the gradings of several katas in the pool of workers, several at a time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import anyio
from anyio import to_thread

from grader.authoring.examples import Example
from grader.authoring.gradings.queue import Grading, GradingQueue
from grader.authoring.lint.package import Files, read_package
from grader.authoring.noise import noise
from grader.authoring.observer import CampaignObserver
from grader.authoring.proof import Problem, Trial
from grader.authoring.timings import timings_of
from grader.catalog.card import MANIFEST
from grader.catalog.find import Catalog
from grader.catalog.manifest import Kata
from grader.errors import GraderError, HarnessError, KataPackageError
from grader.grading.graded import Graded
from grader.grading.messages import SessionJob
from grader.grading.observer import NullObserver
from grader.grading.pool import Pool, PooledSession, running_pool
from grader.process.run_dir import temporary_run_dir
from grader.services.service import services_of
from grader.tasks import single_error

Outcome_co = TypeVar("Outcome_co", covariant=True)
Outcome = TypeVar("Outcome")


class KataGradings(Protocol[Outcome_co]):
    """The gradings of one kata: which are needed, and what follows from their results.

    Attributes:
        kata: from the catalog.
        planned: number of gradings planned so far.
        is_stopped: no further gradings will be planned.
    """

    kata: Kata
    planned: int
    is_stopped: bool

    @property
    def has_begun(self) -> bool:
        """Whether the first grading has begun."""

    def first_gradings(self, folder: Path) -> list[Example]:
        """The initial gradings in order. Solutions may be written into the folder, which no other kata uses.

        Raises:
            OSError: the folder cannot be written.
        """

    def further_gradings(self) -> list[Example]:
        """The gradings to add after those so far; called until it is empty."""

    def begin(self) -> None:
        """Note that the first grading begins."""

    def note_trial(self, trial: Trial) -> None:
        """Add a finished grading."""

    def note_error(self, example: Example, error: GraderError) -> None:
        """Add the error that ended a grading."""

    def stop(self, error: GraderError) -> None:
        """Stop, because the error would break every grading."""

    def proof(self, *, is_interrupted: bool = False) -> Outcome_co:
        """What follows from the results so far."""


@dataclass(frozen=True)
class Method(Generic[Outcome]):
    """What a campaign does with a kata.

    Attributes:
        gradings_of: plans the gradings of a kata, from its manifest and files.
        unreadable: the result for a kata that cannot be read, from its slug and the problem.
        job_of: how the kata with this slug is graded.
        jobs: how many gradings run at a time.
        noise: how many processes are kept busy at the same time.
    """

    gradings_of: Callable[[Kata, Files], KataGradings[Outcome]]
    unreadable: Callable[[str, Problem], Outcome]
    job_of: Callable[[str], SessionJob]
    jobs: int = 1
    noise: int = 0


class Campaign(Generic[Outcome]):
    """Grades what several katas need; a problem with one kata does not stop the others.

    Args:
        catalog: has the katas.
        slugs: the katas.
        method: what to do with each.
        observer: is notified of progress.
    """

    def __init__(
        self,
        catalog: Catalog,
        slugs: Sequence[str],
        method: Method[Outcome],
        observer: CampaignObserver[Outcome],
    ) -> None:
        self._catalog = catalog
        self._slugs = slugs
        self._method = method
        self._observer = observer
        self._gradings: dict[str, KataGradings[Outcome]] = {}
        self._results: dict[str, Outcome] = {}
        self._queue = GradingQueue({})
        self._under_way: Counter[str] = Counter()
        self._has_changed = anyio.Event()
        self._scope = anyio.CancelScope()

    def interrupt(self) -> None:
        """Cancel running gradings; `run` then returns unfinished results too."""
        self._scope.cancel()

    async def run(self) -> list[Outcome]:
        """Grade.

        Returns:
            the results in the order of the slugs; after an interruption, those of katas that had begun.

        Raises:
            GraderCrashed: by a bug of the grader.
        """
        for slug in self._slugs:
            self._read(slug)
        try:
            # Further signals do not interrupt the exit from this block: the event loop defers them.
            with (
                temporary_run_dir() as folder,
                noise(self._method.noise),
                running_pool() as pool,
                self._scope,
            ):
                await self._fill_queue(folder)
                async with single_error(), anyio.create_task_group() as workers:
                    for _ in range(self._method.jobs):
                        workers.start_soon(self._work, pool)
        except HarnessError as error:
            self._stop_all(error)
        self._finish_rest()
        return [self._results[slug] for slug in self._slugs if slug in self._results]

    # ---- preparing --------------------------------------------------------------------------------------------------

    def _read(self, slug: str) -> None:
        try:
            kata = self._catalog.kata(slug)
            for service in services_of(kata):
                service.check_options(kata)
            self._gradings[slug] = self._method.gradings_of(kata, read_package(kata.folder))
        except KataPackageError as error:
            problem = Problem(MANIFEST, _relative(error, self._catalog.folder / slug))
            self._end(slug, self._method.unreadable(slug, problem))
        except OSError as error:
            problem = Problem(
                "", f"{error.filename} cannot be read: {error.strerror}.", is_environment=True
            )
            self._end(slug, self._method.unreadable(slug, problem))

    async def _fill_queue(self, folder: Path) -> None:
        first: dict[str, list[Example]] = {}
        try:
            for slug, gradings in self._gradings.items():
                (folder / slug).mkdir()
                # In a thread, because making mutants takes a second.
                first[slug] = await to_thread.run_sync(gradings.first_gradings, folder / slug)
        except OSError as error:
            raise HarnessError(
                f"{folder} cannot be used: {error.strerror}.",
                "Free some space, or set TMPDIR to another folder.",
            ) from error
        self._queue = GradingQueue(first)
        self._observer.all_begin(sum(map(len, first.values())))
        for slug, some in first.items():
            if not some:
                self._plan_further(slug)

    # ---- grading ----------------------------------------------------------------------------------------------------

    async def _work(self, pool: Pool) -> None:
        """Grade until the queue is empty. The worker keeps a kata's environment until this task switches katas."""
        try:
            grading = await self._next(None)
            while grading is not None:
                slug = grading.slug
                async with pool.session(self._method.job_of(slug)) as session:
                    while grading is not None and grading.slug == slug:
                        await self._grade(grading, session)
                        grading = await self._next(slug)
        except SystemExit:
            # The observer writes to a pipe without a reader. Raised from a task, this error would kill the event loop.
            self.interrupt()

    async def _next(self, slug: str | None) -> Grading | None:
        """The next grading; waits while running gradings may still add more. None when all are done."""
        while (grading := self._queue.take(slug)) is None and self._under_way.total():
            await self._has_changed.wait()
        if grading is not None:
            self._under_way[grading.slug] += 1
        return grading

    async def _grade(self, grading: Grading, session: PooledSession) -> None:
        slug, gradings = grading.slug, self._gradings[grading.slug]
        if not gradings.has_begun:
            gradings.begin()
            self._observer.kata_begins(slug, gradings.planned)
        self._observer.trial_begins(slug, grading.example)
        result = await session.grade(
            grading.example.path, NullObserver(), gradings.kata.limits.grading_s
        )
        if isinstance(result, GraderError):
            gradings.note_error(grading.example, result)
        else:
            trial = await to_thread.run_sync(_trial_of, grading.example, result)
            gradings.note_trial(trial)
            self._observer.trial_ends(slug, trial)
        self._under_way[slug] -= 1
        self._plan_further(slug)
        self._has_changed.set()
        self._has_changed = anyio.Event()

    def _plan_further(self, slug: str) -> None:
        """When a kata's queued gradings are done, queue further ones; if it needs none, finish its proof."""
        gradings = self._gradings[slug]
        if gradings.is_stopped:
            self._queue.drop(slug)
        if self._queue.left(slug) or self._under_way[slug]:
            return
        further = [] if gradings.is_stopped else gradings.further_gradings()
        if further:
            self._queue.add(slug, further)
            self._observer.gradings_added(slug, len(further))
        else:
            self._finish(slug)

    # ---- finishing --------------------------------------------------------------------------------------------------

    def _finish_rest(self) -> None:
        """Finish the remaining katas; after an interruption only those that had begun, or the next one if none had."""
        rest = [slug for slug in self._gradings if slug not in self._results]
        is_interrupted = self._scope.cancel_called
        begun = [slug for slug in rest if self._gradings[slug].has_begun] or rest[:1]
        for slug in begun if is_interrupted else rest:
            self._finish(slug, is_interrupted=is_interrupted)

    def _finish(self, slug: str, *, is_interrupted: bool = False) -> None:
        self._end(slug, self._gradings[slug].proof(is_interrupted=is_interrupted))

    def _end(self, slug: str, result: Outcome) -> None:
        self._results[slug] = result
        self._observer.kata_ends(result)

    def _stop_all(self, error: GraderError) -> None:
        for slug, gradings in self._gradings.items():
            if slug not in self._results:
                gradings.stop(error)


def _trial_of(example: Example, graded: Graded) -> Trial:
    """Summarize a grading as a trial."""
    report = graded.report
    return Trial(
        example,
        report.verdict,
        report.checks,
        tuple(timings_of(graded.run.checks)),
        report.duration_s,
    )


def _relative(error: GraderError, folder: Path) -> str:
    """Message and hint of the error, without the manifest's path, which precedes every problem."""
    message = error.message.removeprefix(f"{folder / MANIFEST}: ").removeprefix(
        f"{folder / MANIFEST} "
    )
    return f"{message} {error.hint}".strip()
