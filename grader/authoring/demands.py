"""Compares the trials of a kata's examples with what the manifest declares. Pure."""

from collections.abc import Iterator, Sequence

from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Problem, Trial
from grader.authoring.thresholds import MAJORITY
from grader.findings import Crashed, Mishap
from grader.report import CheckResult, Outcome, Verdict

CHECKS = "checks.py"

FAILURES = (Outcome.FAILED, Outcome.NOT_RUN)
"""A check that did not run counts as failed, because the solution failed before it."""


def demand_all(
    trials: Sequence[Trial], checks: Sequence[str], *, is_whole: bool = True, is_quick: bool = False
) -> list[Problem]:
    """All problems that the trials show.

    Args:
        trials: of all examples and rounds.
        checks: names of the kata's checks.
        is_whole: whether all planned examples were graded; only then must each check have failed for one.
        is_quick: whether only the fewest examples were planned; then the starter may be the one.
    """
    problems = list(dict.fromkeys(demand_working_checks(trials)))
    for example in dict.fromkeys(trial.example for trial in trials):
        rounds = [trial for trial in trials if trial.example == example]
        problems += (
            demand_verdict(example, rounds)
            if example.fails is None
            else demand_checks(example, rounds, checks)
        )
    if is_whole and not any(trial.verdict is Verdict.BROKEN for trial in trials):
        problems += demand_failures(trials, checks, is_quick=is_quick)
    return problems


def demand_working_checks(trials: Sequence[Trial]) -> Iterator[Problem]:
    """Demand that no check is broken; report each broken check once."""
    reported = set()
    for trial in trials:
        for result in trial.results:
            if result.outcome is Outcome.BROKEN and result.name not in reported:
                reported.add(result.name)
                yield Problem(
                    CHECKS,
                    f"{result.name} is broken.",
                    why=result,
                    is_environment=_is_environment(result),
                )


def _is_environment(result: CheckResult) -> bool:
    """Whether the machine is the cause: a mishap that names neither the checks nor the reference."""
    match result.finding:
        case Mishap(text=text):
            return CHECKS not in text and "reference" not in text
        case _:
            return False


def demand_checks(
    example: Example, rounds: Sequence[Trial], checks: Sequence[str]
) -> Iterator[Problem]:
    """Demand that the example fails exactly the declared checks; inconclusive results are allowed."""
    for check in checks:
        if is_wrong(example, rounds, check):
            yield _wrong(example, check, _contrary(example, rounds, check), rounds)
        elif is_open(example, rounds, check):
            text = (
                f"gave no clear result for {check} in any round; verify again on a quieter machine."
            )
            yield Problem(_file(example), text, is_environment=True)


def is_wrong(example: Example, rounds: Sequence[Trial], check: str) -> bool:
    """Whether an example's results for a check contradict the manifest.

    One round is enough if an accepted example fails, or if a check passes that must fail. The starter and rejected
    examples are wrong apps, which on a busy machine may fail other checks by chance. An undeclared failure of theirs
    counts only if it occurs in more than half of the clear rounds.
    """
    contrary = _contrary(example, rounds, check)
    if example.kind is Kind.ACCEPTED or _must_fail(example, check):
        return bool(contrary)
    return len(contrary) > MAJORITY * sum(_is_clear(trial, check) for trial in rounds)


def is_open(example: Example, rounds: Sequence[Trial], check: str) -> bool:
    """Whether a result is needed, and all results of the check are inconclusive."""
    return check not in example.may_fail and all(
        trial.outcome(check) is Outcome.INCONCLUSIVE for trial in rounds
    )


def is_in_doubt(example: Example, rounds: Sequence[Trial], check: str) -> bool:
    """Whether another round could settle the result: an undeclared failure, or no clear result yet."""
    return is_open(example, rounds, check) or (
        not _must_fail(example, check) and bool(_contrary(example, rounds, check))
    )


def _must_fail(example: Example, check: str) -> bool:
    return check in (example.fails or ())


def _contrary(example: Example, rounds: Sequence[Trial], check: str) -> list[Trial]:
    """The clear rounds in which the result was the opposite of the declared one; none if it may fail or pass."""
    if check in example.may_fail:
        return []
    must_fail = _must_fail(example, check)
    return [
        trial
        for trial in rounds
        if _is_clear(trial, check) and (trial.outcome(check) in FAILURES) is not must_fail
    ]


def _is_clear(trial: Trial, check: str) -> bool:
    """Whether a trial has a clear result for a check. It has none if the check did not run because another broke."""
    outcome = trial.outcome(check)
    return outcome in (Outcome.PASSED, Outcome.FAILED) or (
        outcome is Outcome.NOT_RUN and trial.verdict is not Verdict.BROKEN
    )


def _wrong(
    example: Example, check: str, wrong: Sequence[Trial], rounds: Sequence[Trial]
) -> Problem:
    must_fail = _must_fail(example, check)
    did = "passes" if must_fail else "fails"
    must = (
        "fail it"
        if must_fail
        else ("pass it" if example.kind is Kind.ACCEPTED else "fail only its declared checks")
    )
    when = "" if len(wrong) == len(rounds) else f" in {len(wrong)} of {len(rounds)} rounds"
    why = None if must_fail else wrong[0].result(check)
    return Problem(_file(example), f"{did} {check}{when}, but must {must}.", _line(why), why)


def _line(why: CheckResult | None) -> int | None:
    """The line of the example at which its server crashed, if that explains the problem."""
    if why is not None and isinstance(why.finding, Crashed) and why.finding.frames:
        return why.finding.frames[-1].line
    return None


def demand_verdict(example: Example, rounds: Sequence[Trial]) -> Iterator[Problem]:
    """Demand that junk fails at least one check."""
    passed = [trial for trial in rounds if trial.verdict is Verdict.PASSED]
    if passed:
        when = "" if len(passed) == len(rounds) else f" in {len(passed)} of {len(rounds)} rounds"
        yield Problem(
            CHECKS,
            f"{example.label} passes every check{when}, but such an app must fail at least one.",
        )


def demand_failures(
    trials: Sequence[Trial], checks: Sequence[str], *, is_quick: bool = False
) -> Iterator[Problem]:
    """Demand that a rejected example fails each check, which proves that the check can tell a near miss.

    If no rejected example is declared to fail a check, the lint has reported it. If one that must fail it was
    inconclusive, `demand_checks` reports the check. This function then does not.
    """
    kinds = (Kind.STARTER, Kind.REJECTED) if is_quick else (Kind.REJECTED,)
    own = [trial for trial in trials if trial.example.kind in kinds]
    for check in checks:
        declared = [trial for trial in own if _must_fail(trial.example, check)]
        may_fail = any(trial.outcome(check) is Outcome.INCONCLUSIVE for trial in declared)
        failed = any(trial.outcome(check) is Outcome.FAILED for trial in own)
        if declared and not may_fail and not failed:
            yield Problem(
                CHECKS, f"no rejected example fails {check} itself; add one that gets that far."
            )


def _file(example: Example) -> str:
    return f"{example.kind}/{example.path.name}"
