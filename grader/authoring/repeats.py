"""Decides which examples must be graded again before the proof is complete. Pure."""

from collections.abc import Sequence

from grader.authoring.demands import is_in_doubt, is_wrong
from grader.authoring.examples import Example, Kind
from grader.authoring.margins import offenders
from grader.authoring.proof import Trial
from grader.authoring.thresholds import ROUNDS
from grader.report import Verdict


def to_repeat(trials: Sequence[Trial], checks: Sequence[str]) -> tuple[Example, ...]:
    """The examples that must be graded again. Call after each round, until the result is empty.

    An example is graded again, up to three rounds, while it is too slow or too fast for a limit, has an undeclared
    failure, or has a check without a clear result. It is not graded again if it is junk, if it broke the grader, or if
    no further round can make it right.

    Args:
        trials: of all examples and rounds so far.
        checks: names of the kata's checks.
    """
    off_margin = offenders(trials)
    examples = dict.fromkeys(trial.example for trial in trials)
    return tuple(
        example
        for example in examples
        if _is_to_repeat(example, trials, checks, is_off_margin=example in off_margin)
    )


def _is_to_repeat(
    example: Example, trials: Sequence[Trial], checks: Sequence[str], *, is_off_margin: bool
) -> bool:
    rounds = [trial for trial in trials if trial.example == example]
    if example.kind is Kind.JUNK or example.fails is None or len(rounds) >= ROUNDS:
        return False
    if any(trial.verdict is Verdict.BROKEN for trial in rounds) or _is_definitely_wrong(
        example, rounds, checks
    ):
        return False
    return is_off_margin or any(is_in_doubt(example, rounds, check) for check in checks)


def _is_definitely_wrong(example: Example, rounds: Sequence[Trial], checks: Sequence[str]) -> bool:
    """Whether no further round can make it right: an accepted example failed, or a check passed that must fail."""
    declared = (
        checks
        if example.kind is Kind.ACCEPTED
        else [check for check in checks if check in (example.fails or ())]
    )
    return any(is_wrong(example, rounds, check) for check in declared)
