"""Plans the gradings of one kata's mutants, and collects their results."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from grader.authoring.examples import Example, Kind
from grader.authoring.lint.package import CHECKS, MUTANTS, REFERENCE, Files
from grader.authoring.mutants import helpers
from grader.authoring.mutants.choice import chosen
from grader.authoring.mutants.equivalents import equivalents_in, lint_equivalents
from grader.authoring.mutants.generate import mutants_of
from grader.authoring.mutants.mutant import Mutant
from grader.authoring.mutants.operators.syntax import HELPERS
from grader.authoring.mutants.proof import Fate, Judged, MutantProof
from grader.authoring.proof import Problem, Trial
from grader.authoring.prover import KATA_ERRORS
from grader.catalog.manifest import Kata
from grader.errors import GraderError
from grader.report import Outcome, Verdict

TRIES = 2
"""A mutant whose grading is inconclusive is graded once more; so is the reference."""


MOST_ERRORS = 3
"""A mutant may provoke an error; so many show that every grading breaks."""


class MutantProver:
    """Decides the mutants of one kata: takes results as they arrive, and determines which gradings are still needed.

    The reference is graded first: where it fails, the failure of a mutant says nothing.

    Args:
        kata: from the catalog.
        files: the text of each file of its package.

    Attributes:
        kata: as passed.
        planned: number of gradings planned so far.
        is_stopped: no further gradings will be planned.
    """

    def __init__(self, kata: Kata, files: Files) -> None:
        self.kata = kata
        self.planned = 0
        self.is_stopped = False
        self._reference = files.get(REFERENCE)
        self._equivalents = {each.key: each for each in equivalents_in(files)}
        self._problems = list(lint_equivalents(files))
        self._found: list[Mutant] = []
        self._mutants: dict[str, Mutant] = {}
        self._examples: list[Example] = []
        self._trials: defaultdict[Example, list[Trial]] = defaultdict(list)
        self._errors: dict[Example, GraderError] = {}
        self._gradings = 0
        self._began_s: float | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the first grading has begun."""
        return self._began_s is not None

    # ---- what to grade ----------------------------------------------------------------------------------------------

    def first_gradings(self, folder: Path) -> list[Example]:
        """The reference, and then each mutant once.

        Args:
            folder: an empty folder for mutants, used by no other kata.

        Raises:
            OSError: the folder cannot be written.
        """
        if self._reference is None:
            self._problems.append(Problem(REFERENCE, "is missing: mutants are made of it."))
            return []
        try:
            self._found = mutants_of(self._reference)
        except SyntaxError as error:
            self._problems.append(
                Problem(REFERENCE, f"is not valid Python: {error.msg}.", error.lineno)
            )
        self._mutants = {mutant.key: mutant for mutant in chosen(self._found)}
        self._problems += self._unknown_equivalents()
        if not self._mutants:
            return []
        reference = Example(Kind.ACCEPTED, "reference", self.kata.reference.resolve(), None)
        self._examples = [reference, *self._written(folder)]
        self.planned = len(self._examples)
        return list(self._examples)

    def further_gradings(self) -> list[Example]:
        """Those without a decision, once more. When they are done, call again; the result is then empty."""
        again = [
            example
            for example in self._examples
            if len(trials := self._trials[example]) < TRIES
            and {trial.verdict for trial in trials} == {Verdict.INCONCLUSIVE}
        ]
        self.planned += len(again)
        return again

    def _written(self, folder: Path) -> Iterator[Example]:
        source = Path(helpers.__file__).read_text(encoding="utf-8")
        for number, mutant in enumerate(self._mutants.values(), 1):
            target = folder / str(number)
            target.mkdir()
            (target / "app.py").write_text(mutant.source, encoding="utf-8")
            (target / f"{HELPERS}.py").write_text(source, encoding="utf-8")
            yield Example(Kind.MUTANT, mutant.key, target, None)

    def _unknown_equivalents(self) -> Iterator[Problem]:
        keys = {mutant.key for mutant in self._found}
        for each in self._equivalents.values():
            if self._found and each.key not in keys:
                text = (
                    f'["{each.key}"] is no mutant of {REFERENCE}; correct its line, or remove it.'
                )
                yield Problem(MUTANTS, text, each.line)

    # ---- results ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Note that the first grading begins."""
        if self._began_s is None:
            self._began_s = time.monotonic()

    def note_trial(self, trial: Trial) -> None:
        """Add a finished grading; stop if it shows that the reference fails."""
        self._gradings += 1
        self._trials[trial.example].append(trial)
        if trial.example.kind is Kind.ACCEPTED and trial.verdict is Verdict.FAILED:
            self.is_stopped = True

    def note_error(self, example: Example, error: GraderError) -> None:
        """Add the error that ended a grading. It leaves a mutant undecided; with others like it, it stops the kata."""
        self._gradings += 1
        self._errors[example] = error
        if example.kind is Kind.ACCEPTED or len(self._errors) == MOST_ERRORS:
            self.stop(error)

    def stop(self, error: GraderError) -> None:
        """Stop, because the error would break every grading. Only the first error is reported."""
        if self.is_stopped:
            return
        self.is_stopped = True
        is_of_kata = type(error) in KATA_ERRORS
        text = str(error).removeprefix(f"{self.kata.checks}: ")
        self._problems.append(
            Problem(CHECKS if is_of_kata else "", text, is_environment=not is_of_kata)
        )

    # ---- the proof --------------------------------------------------------------------------------------------------

    def proof(self, *, is_interrupted: bool = False) -> MutantProof:
        """What the results so far show."""
        doubt = self._doubt_of_reference()
        # Without a reference that passes, nothing follows from mutants that fail.
        judged = () if doubt is not None and not is_interrupted else tuple(self._judged())
        return MutantProof(
            kata=self.kata.slug,
            title=self.kata.title,
            problems=(
                *self._problems,
                *([doubt] if doubt else ()),
                *self._killed_equivalents(judged),
            ),
            reference=self._reference or "",
            found=len(self._found),
            chosen=len(self._mutants),
            judged=judged,
            planned=self.planned,
            gradings=self._gradings,
            duration_s=0.0 if self._began_s is None else time.monotonic() - self._began_s,
            is_interrupted=is_interrupted,
        )

    def _doubt_of_reference(self) -> Problem | None:
        """Why the reference proves nothing; None if it passed, or was not graded yet."""
        trials = self._trials[self._examples[0]] if self._examples else []
        if not trials or trials[-1].verdict is Verdict.PASSED:
            return None
        verdict = trials[-1].verdict
        failing = ", ".join(_failing(trials[-1])) or "no check"
        return Problem(
            REFERENCE,
            f"is {verdict} at {failing}, so nothing follows from its mutants; run `kata verify {self.kata.slug}`.",
            is_environment=verdict is not Verdict.FAILED,
        )

    def _judged(self) -> Iterator[Judged]:
        for example in self._examples[1:]:
            trials = self._trials[example]
            if not trials and example not in self._errors:
                continue
            fate, why = self._fate(example, trials)
            duration_s = sum(trial.duration_s for trial in trials)
            yield Judged(self._mutants[example.name], fate, why, duration_s)

    def _fate(self, example: Example, trials: Sequence[Trial]) -> tuple[Fate, str]:
        """What became of a mutant, and why."""
        if not trials:
            return Fate.UNDECIDED, self._errors[example].message
        last = trials[-1]
        if last.verdict is Verdict.FAILED:
            return Fate.KILLED, next(iter(_failing(last)), "")
        if last.verdict is not Verdict.PASSED:
            return Fate.UNDECIDED, f"{last.verdict} at {next(iter(_failing(last)), 'no check')}"
        equivalent = self._equivalents.get(example.name)
        return (Fate.SURVIVED, "") if equivalent is None else (Fate.EQUIVALENT, equivalent.reason)

    def _killed_equivalents(self, judged: Sequence[Judged]) -> Iterator[Problem]:
        for each in judged:
            equivalent = self._equivalents.get(each.mutant.key)
            if equivalent is not None and each.fate is Fate.KILLED:
                text = f'["{equivalent.key}"] is not equivalent: it fails {each.why}; remove it.'
                yield Problem(MUTANTS, text, equivalent.line)


def _failing(trial: Trial) -> list[str]:
    """The names of the checks that did not pass, the failed ones first."""
    order = (Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.BROKEN)
    return [
        result.name for outcome in order for result in trial.results if result.outcome is outcome
    ]
