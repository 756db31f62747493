"""Plans the gradings of one kata, collects their results, and makes the proof."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.authoring.demands import demand_all
from grader.authoring.examples import Example, Kind, fewest_failing, junk_examples, own_examples
from grader.authoring.lint.lint import lint_package
from grader.authoring.lint.package import CHECKS, Files, check_names
from grader.authoring.margins import margin_problems, margins_of
from grader.authoring.proof import Problem, Proof, Trial
from grader.authoring.repeats import to_repeat
from grader.authoring.thresholds import ROUNDS
from grader.catalog.manifest import Kata
from grader.errors import BrokenError, GraderError, KataPackageError, SolutionError
from grader.report import Outcome

KATA_ERRORS = (BrokenError, KataPackageError)
"""Errors that mean a mistake in the kata; all other errors come from the machine or the grader."""


@dataclass(frozen=True)
class Plan:
    """How to prove katas.

    Attributes:
        rounds: how often each example is graded.
        noise: how many processes are kept busy at the same time.
        is_shuffled: whether gradings run in random order instead of example by example.
        jobs: how many gradings run at a time.
        is_quick: whether to grade only the starter, the reference, and the fewest rejected examples that fail every
            check.
    """

    rounds: int = 1
    noise: int = 0
    is_shuffled: bool = False
    jobs: int = 1
    is_quick: bool = False


class Prover:
    """Proves one kata: takes results as they arrive, and determines which gradings are still needed.

    Args:
        kata: from the catalog.
        files: the text of each file of its package.
        plan: how to prove it.

    Attributes:
        kata: as passed.
        planned: number of gradings planned so far.
        is_stopped: no further gradings will be planned.
    """

    def __init__(self, kata: Kata, files: Files, plan: Plan) -> None:
        self.kata = kata
        self.planned = 0
        self.is_stopped = False
        self._plan = plan
        self._checks = check_names(files)
        self._problems = lint_package(kata, files)
        self._own = [example for example in own_examples(kata) if example.path.is_file()]
        self._examples: list[Example] = []
        self._trials: list[Trial] = []
        self._gradings: Counter[Example] = Counter()
        self._began_s: float | None = None

    @property
    def slug(self) -> str:
        """The kata's slug."""
        return self.kata.slug

    @property
    def has_begun(self) -> bool:
        """Whether the first grading has begun."""
        return self._began_s is not None

    # ---- what to grade ----------------------------------------------------------------------------------------------

    def first_gradings(self, folder: Path) -> list[Example]:
        """The initial gradings, as a list of examples in order.

        Args:
            folder: an empty folder for junk, used by no other kata.

        Raises:
            OSError: the folder cannot be written.
        """
        self._examples = (
            self._quick_examples() if self._plan.is_quick else [*self._own, *self._junk(folder)]
        )
        gradings = [example for _ in range(self._plan.rounds) for example in self._examples]
        if self._plan.is_shuffled:
            random.shuffle(gradings)
        self._gradings.update(gradings)
        self.planned = len(gradings)
        return gradings

    def further_gradings(self) -> list[Example]:
        """The gradings to add after those so far. When they are done, call again, until the result is empty."""
        unseen = self._unseen_examples() if self._plan.is_quick else []
        # An example that cannot be graded leaves no trial, so gradings are counted here.
        again = [
            example
            for example in to_repeat(self._trials, self._checks)
            if self._gradings[example] < ROUNDS
        ]
        further = [*unseen, *again]
        self._examples += unseen
        self._gradings.update(further)
        self.planned += len(further)
        return further

    def _junk(self, folder: Path) -> list[Example]:
        return list(junk_examples(self.kata, folder)) if self.kata.reference.is_file() else []

    def _quick_examples(self) -> list[Example]:
        first = [
            example
            for example in self._own
            if example.kind is Kind.STARTER or example.path == self.kata.reference.resolve()
        ]
        failed_by_starter = {check for example in first for check in example.fails or ()}
        return [*first, *fewest_failing(self._rejected(), set(self._checks) - failed_by_starter)]

    def _unseen_examples(self) -> list[Example]:
        """More examples for checks whose declared failure was not seen, for instance because of an earlier crash."""
        seen = {
            check
            for trial in self._trials
            for check in self._checks
            if trial.outcome(check) is Outcome.FAILED
        }
        left = [example for example in self._rejected() if example not in self._examples]
        return list(fewest_failing(left, set(self._checks) - seen))

    def _rejected(self) -> Sequence[Example]:
        order = {mistake.file: place for place, mistake in enumerate(self.kata.mistakes)}
        rejected = [example for example in self._own if example.kind is Kind.REJECTED]
        return sorted(rejected, key=lambda example: order.get(example.path.name, len(order)))

    # ---- results ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Note that the first grading begins."""
        if self._began_s is None:
            self._began_s = time.monotonic()

    def note_trial(self, trial: Trial) -> None:
        """Add a finished grading."""
        self._trials.append(trial)

    def note_error(self, example: Example, error: GraderError) -> None:
        """Add the error that ended a grading. Unless the example caused it, plan no further gradings."""
        if isinstance(error, SolutionError):
            self._problems.append(Problem(f"{example.kind}/{example.path.name}", str(error)))
        else:
            self.stop(error)

    def stop(self, error: GraderError) -> None:
        """Stop, because the error would break every grading. Only the first error is reported."""
        if self.is_stopped:
            return
        self.is_stopped = True
        if type(error) not in KATA_ERRORS:
            self._problems.append(Problem("", str(error), is_environment=True))
        elif not any(problem.file == CHECKS for problem in self._problems):
            # Otherwise the lint has already reported it, with the line.
            self._problems.append(
                Problem(CHECKS, error.message.removeprefix(f"{self.kata.checks}: "))
            )

    # ---- the proof --------------------------------------------------------------------------------------------------

    def proof(self, *, is_interrupted: bool = False) -> Proof:
        """The proof, from the results so far."""
        is_whole = not is_interrupted and not self.is_stopped
        is_loose = self._plan.noise > 0 or self._plan.is_quick
        demanded = demand_all(
            self._trials, self._checks, is_whole=is_whole, is_quick=self._plan.is_quick
        )
        problems = [*self._problems, *demanded]
        margins = margins_of(self._trials)
        # With noise right apps are slower, and with few examples margins are unknown: limits cannot be judged.
        if is_whole and not is_loose:
            problems += margin_problems(margins)
        return Proof(
            kata=self.kata.slug,
            title=self.kata.title,
            checks=self._checks,
            examples=tuple(self._examples),
            trials=tuple(self._trials),
            margins=margins,
            problems=tuple(problems),
            planned=self.planned,
            duration_s=0.0 if self._began_s is None else time.monotonic() - self._began_s,
            is_interrupted=is_interrupted,
            shows_margins_only=not is_whole or is_loose,
            is_quick=self._plan.is_quick,
            requirements=self.kata.requirements,
        )
