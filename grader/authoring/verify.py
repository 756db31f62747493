"""Proves a kata: lints its package, grades all its examples, and looks at the margins of its clock limits."""

import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from grader.authoring.demands import demand_all
from grader.authoring.examples import JUNK, Example, junk_examples, own_examples
from grader.authoring.lint import CHECKS, MANIFEST, Files, check_names, lint_package, read_package
from grader.authoring.margins import margin_problems, margins_of, timings_of
from grader.authoring.noise import noise
from grader.authoring.proof import Problem, Proof, Trial
from grader.authoring.repeats import to_repeat
from grader.authoring.thresholds import ROUNDS
from grader.catalog.find import Catalog
from grader.catalog.manifest import Kata
from grader.errors import BrokenError, GraderError, HarnessError, KataPackageError, SolutionError
from grader.evidence.files import load_run
from grader.evidence.model import CheckRecord
from grader.grading import Series, Settings
from grader.harness.rundir import temporary_run_dir
from grader.report import Report

OF_THE_KATA = (BrokenError, KataPackageError)
"""What a grading raises for a mistake in the kata; all other errors are the machine's, or the grader's own."""


class Observer(Protocol):
    """Is told how proving goes, for a live display."""

    def kata_begins(self, slug: str, title: str, gradings: int) -> None:
        """A kata begins, with so many gradings."""

    def trial_begins(self, example: Example) -> None:
        """An example is going to be graded."""

    def trial_ends(self, trial: Trial) -> None:
        """It has been."""

    def kata_ends(self, proof: Proof) -> None:
        """A kata is done with."""


class Silence:
    """An observer that says nothing."""

    def kata_begins(self, slug: str, title: str, gradings: int) -> None:
        """Nothing."""

    def trial_begins(self, example: Example) -> None:
        """Nothing."""

    def trial_ends(self, trial: Trial) -> None:
        """Nothing."""

    def kata_ends(self, proof: Proof) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Plan:
    """How to prove.

    Attributes:
        rounds: how often each example is graded.
        noise: how many processes are kept busy meanwhile.
        is_shuffled: gradings come in random order, not example by example.
    """

    rounds: int = 1
    noise: int = 0
    is_shuffled: bool = False


def prove_katas(catalog: Catalog, slugs: Sequence[str], plan: Plan, observer: Observer) -> list[Proof]:
    """Prove these katas one after another; after an interruption, with what is known so far."""
    proofs: list[Proof] = []
    for slug in slugs:
        proof = prove_kata(catalog, slug, plan, observer)
        proofs.append(proof)
        observer.kata_ends(proof)
        if proof.is_interrupted:
            break
    return proofs


def count_gradings(catalog: Catalog, slugs: Sequence[str], plan: Plan) -> int:
    """How many gradings proving these katas will take; katas that cannot be read count none."""
    count = 0
    for slug in slugs:
        with contextlib.suppress(KataPackageError):
            kata = catalog.kata(slug)
            examples = sum(example.path.is_file() for example in own_examples(kata))
            count += examples + (len(list(JUNK.glob("*.py"))) if kata.reference.is_file() else 0)
    return count * plan.rounds


def prove_kata(catalog: Catalog, slug: str, plan: Plan, observer: Observer) -> Proof:
    """Prove one kata; never raises for what is wrong with it."""
    began_s = time.monotonic()
    try:
        kata = catalog.kata(slug)
        files = read_package(kata.folder)
    except KataPackageError as error:
        return _unreadable(slug, Problem(MANIFEST, _relative(error, catalog.folder / slug)), began_s)
    except OSError as error:
        return _unreadable(slug, Problem("", f"{error.filename} cannot be read: {error.strerror}.", is_environment=True), began_s)
    return Prover(kata, files, plan, observer).prove(began_s)


def _unreadable(slug: str, problem: Problem, began_s: float) -> Proof:
    return Proof(slug, slug, (), (), (), (), (problem,), 0, time.monotonic() - began_s)


def _relative(error: GraderError, folder: Path) -> str:
    """The error's sentences without the file's path, which is shown already."""
    message = error.message.removeprefix(f"{folder / MANIFEST}: ").removeprefix(f"{folder / MANIFEST} ")
    return f"{message} {error.hint}".strip()


class Prover:
    """Proves one kata, and keeps what it has seen when it is interrupted."""

    def __init__(self, kata: Kata, files: Files, plan: Plan, observer: Observer) -> None:
        self._kata = kata
        self._files = files
        self._plan = plan
        self._observer = observer
        self._trials: list[Trial] = []
        self._problems = lint_package(kata, files)
        self._is_interrupted = False
        self._is_stopped = False

    def prove(self, began_s: float) -> Proof:
        """Grade all examples and draw the conclusions."""
        examples: tuple[Example, ...] = ()
        planned = 0
        try:
            with temporary_run_dir() as folder, noise(self._plan.noise):
                examples = tuple(self._examples(folder))
                jobs = self._jobs(examples)
                planned = len(jobs)
                self._observer.kata_begins(self._kata.slug, self._kata.title, planned)
                with Series(self._kata, Settings(folder / "runs", cuts_off=False, raises_broken=True)) as series:
                    for example in jobs:
                        self._try(example, series)
                        if self._is_stopped:
                            break
                    for _ in range(ROUNDS - 1):
                        again = () if self._is_stopped else to_repeat(self._trials, check_names(self._files))
                        planned += len(again)
                        for example in again:
                            self._try(example, series)
        except KeyboardInterrupt:
            self._is_interrupted = True
        except HarnessError as error:
            self._stop(error)
        except OSError as error:
            self._stop(
                HarnessError(f"No temporary folder can be used: {error.strerror}.", "Free some space, or set TMPDIR to another folder.")
            )
        return self._proof(examples, planned, began_s)

    def _examples(self, folder: Path) -> Iterator[Example]:
        yield from (example for example in own_examples(self._kata) if example.path.is_file())
        if self._kata.reference.is_file():
            yield from junk_examples(self._kata, folder)

    def _jobs(self, examples: Sequence[Example]) -> list[Example]:
        jobs = [example for _ in range(self._plan.rounds) for example in examples]
        if self._plan.is_shuffled:
            random.shuffle(jobs)
        return jobs

    def _try(self, example: Example, series: Series) -> None:
        self._observer.trial_begins(example)
        try:
            report = series.grade(example.path)
            records = _take_records(report)
        except SolutionError as error:
            self._problems.append(Problem(f"{example.kind}/{example.path.name}", f"{error.message} {error.hint}".strip()))
            return
        except GraderError as error:
            self._stop(error)
            return
        trial = Trial(example, report.verdict, report.checks, tuple(timings_of(records)), report.duration_s)
        self._trials.append(trial)
        self._observer.trial_ends(trial)

    def _stop(self, error: GraderError) -> None:
        """What broke one grading would break them all."""
        self._is_stopped = True
        if type(error) not in OF_THE_KATA:
            self._problems.append(Problem("", f"{error.message} {error.hint}".strip(), is_environment=True))
        elif not any(problem.file == CHECKS for problem in self._problems):  # else the lint has said it, with the line
            self._problems.append(Problem(CHECKS, error.message.removeprefix(f"{self._kata.checks}: ")))

    def _proof(self, examples: tuple[Example, ...], planned: int, began_s: float) -> Proof:
        names = check_names(self._files)
        is_whole = not self._is_interrupted and not self._is_stopped
        self._problems += demand_all(self._trials, names, is_whole=is_whole)
        margins = margins_of(self._trials)
        # Noise slows right apps down, so margins beside it say nothing of the limit; half of the trials neither.
        if is_whole and not self._plan.noise:
            self._problems += margin_problems(margins)
        return Proof(
            kata=self._kata.slug,
            title=self._kata.title,
            checks=names,
            examples=examples,
            trials=tuple(self._trials),
            margins=margins,
            problems=tuple(self._problems),
            planned=planned,
            duration_s=time.monotonic() - began_s,
            is_interrupted=self._is_interrupted,
            shows_margins_only=not is_whole or self._plan.noise > 0,
        )


def _take_records(report: Report) -> tuple[CheckRecord, ...]:
    """The evidence of a report, which is removed: there may be thousands of gradings."""
    if report.run_path is None:
        return ()
    records = load_run(report.run_path).checks
    report.run_path.unlink()
    return records
