"""Proves katas by grading their examples in the pool of workers, several at a time."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import anyio
from anyio import to_thread

from grader.authoring.examples import Example
from grader.authoring.grading_queue import Grading, GradingQueue
from grader.authoring.lint.package import read_package
from grader.authoring.noise import noise
from grader.authoring.observer import ProofObserver
from grader.authoring.proof import Problem, Proof, Trial
from grader.authoring.prover import Plan, Prover
from grader.authoring.timings import timings_of
from grader.catalog.card import MANIFEST
from grader.catalog.find import Catalog
from grader.errors import GraderError, HarnessError, KataPackageError
from grader.grading.graded import Graded
from grader.grading.messages import SessionJob
from grader.grading.observer import NullObserver
from grader.grading.pool import Pool, PooledSession, running_pool
from grader.process.run_dir import temporary_run_dir
from grader.services.service import services_of
from grader.tasks import single_error


class Verification:
    """Proves several katas; a problem with one kata does not stop the others.

    Args:
        catalog: has the katas.
        slugs: the katas to prove.
        plan: how to prove them.
        observer: is notified of progress.
    """

    def __init__(
        self, catalog: Catalog, slugs: Sequence[str], plan: Plan, observer: ProofObserver
    ) -> None:
        self._catalog = catalog
        self._slugs = slugs
        self._plan = plan
        self._observer = observer
        self._provers: dict[str, Prover] = {}
        self._proofs: dict[str, Proof] = {}
        self._queue = GradingQueue({})
        self._under_way: Counter[str] = Counter()
        self._has_changed = anyio.Event()
        self._scope = anyio.CancelScope()

    def interrupt(self) -> None:
        """Cancel running gradings; `run` then returns unfinished proofs too."""
        self._scope.cancel()

    async def run(self) -> list[Proof]:
        """Prove the katas.

        Returns:
            the proofs in the order of the slugs; after an interruption, those of katas whose proof had begun.

        Raises:
            GraderCrashed: by a bug of the grader.
        """
        for slug in self._slugs:
            self._read(slug)
        try:
            # Further signals do not interrupt the exit from this block: the event loop defers them.
            with temporary_run_dir() as folder, noise(self._plan.noise), running_pool() as pool:
                self._fill_queue(folder)
                with self._scope:
                    async with single_error(), anyio.create_task_group() as workers:
                        for _ in range(self._plan.jobs):
                            workers.start_soon(self._work, pool)
        except HarnessError as error:
            self._stop_all(error)
        self._finish_rest()
        return [self._proofs[slug] for slug in self._slugs if slug in self._proofs]

    # ---- preparing --------------------------------------------------------------------------------------------------

    def _read(self, slug: str) -> None:
        try:
            kata = self._catalog.kata(slug)
            for service in services_of(kata):
                service.check_options(kata)
            self._provers[slug] = Prover(kata, read_package(kata.folder), self._plan)
        except KataPackageError as error:
            self._end(
                _unreadable(slug, Problem(MANIFEST, _relative(error, self._catalog.folder / slug)))
            )
        except OSError as error:
            problem = Problem(
                "", f"{error.filename} cannot be read: {error.strerror}.", is_environment=True
            )
            self._end(_unreadable(slug, problem))

    def _fill_queue(self, folder: Path) -> None:
        gradings: dict[str, list[Example]] = {}
        try:
            for slug, prover in self._provers.items():
                (folder / slug).mkdir()
                gradings[slug] = prover.first_gradings(folder / slug)
        except OSError as error:
            raise HarnessError(
                f"{folder} cannot be used: {error.strerror}.",
                "Free some space, or set TMPDIR to another folder.",
            ) from error
        self._queue = GradingQueue(gradings)
        self._observer.all_begin(sum(map(len, gradings.values())))
        for slug, some in gradings.items():
            if not some:
                self._plan_further(slug)

    # ---- grading ----------------------------------------------------------------------------------------------------

    async def _work(self, pool: Pool) -> None:
        """Grade until the queue is empty. The worker keeps a kata's environment until this task switches katas."""
        try:
            grading = await self._next(None)
            while grading is not None:
                slug = grading.slug
                async with pool.session(self._job(slug)) as session:
                    while grading is not None and grading.slug == slug:
                        await self._grade(grading, session)
                        grading = await self._next(slug)
        except SystemExit:
            # The observer writes to a pipe without a reader. Raised from a task, this error would kill the event loop.
            self.interrupt()

    def _job(self, slug: str) -> SessionJob:
        return SessionJob(str(self._catalog.folder), slug, cuts_off=False, raises_broken=True)

    async def _next(self, slug: str | None) -> Grading | None:
        """The next grading; waits while running gradings may still add more. None when all are done."""
        while (grading := self._queue.take(slug)) is None and self._under_way.total():
            await self._has_changed.wait()
        if grading is not None:
            self._under_way[grading.slug] += 1
        return grading

    async def _grade(self, grading: Grading, session: PooledSession) -> None:
        prover = self._provers[grading.slug]
        if not prover.has_begun:
            prover.begin()
            self._observer.kata_begins(prover.slug, prover.planned)
        self._observer.trial_begins(prover.slug, grading.example)
        result = await session.grade(
            grading.example.path, NullObserver(), prover.kata.limits.grading_s
        )
        if isinstance(result, GraderError):
            prover.note_error(grading.example, result)
        else:
            trial = await to_thread.run_sync(_trial_of, grading.example, result)
            prover.note_trial(trial)
            self._observer.trial_ends(prover.slug, trial)
        self._under_way[prover.slug] -= 1
        self._plan_further(prover.slug)
        self._has_changed.set()
        self._has_changed = anyio.Event()

    def _plan_further(self, slug: str) -> None:
        """When a kata's queued gradings are done, queue further ones; if it needs none, finish its proof."""
        prover = self._provers[slug]
        if prover.is_stopped:
            self._queue.drop(slug)
        if self._queue.left(slug) or self._under_way[slug]:
            return
        further = [] if prover.is_stopped else prover.further_gradings()
        if further:
            self._queue.add(slug, further)
            self._observer.gradings_added(slug, len(further))
        else:
            self._finish(prover)

    # ---- finishing --------------------------------------------------------------------------------------------------

    def _finish_rest(self) -> None:
        """Finish the remaining proofs; after an interruption only those that had begun, or the next one if none had."""
        rest = [prover for slug, prover in self._provers.items() if slug not in self._proofs]
        is_interrupted = self._scope.cancel_called
        begun = [prover for prover in rest if prover.has_begun] or rest[:1]
        for prover in begun if is_interrupted else rest:
            self._finish(prover, is_interrupted=is_interrupted)

    def _finish(self, prover: Prover, *, is_interrupted: bool = False) -> None:
        self._end(prover.proof(is_interrupted=is_interrupted))

    def _end(self, proof: Proof) -> None:
        self._proofs[proof.kata] = proof
        self._observer.kata_ends(proof)

    def _stop_all(self, error: GraderError) -> None:
        for slug, prover in self._provers.items():
            if slug not in self._proofs:
                prover.stop(error)


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


def _unreadable(slug: str, problem: Problem) -> Proof:
    return Proof(slug, slug, (), (), (), (), (problem,), 0, 0.0)


def _relative(error: GraderError, folder: Path) -> str:
    """Message and hint of the error, without the manifest's path, which precedes every problem."""
    message = error.message.removeprefix(f"{folder / MANIFEST}: ").removeprefix(
        f"{folder / MANIFEST} "
    )
    return f"{message} {error.hint}".strip()
