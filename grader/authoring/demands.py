"""What the trials of a kata's examples must show. Pure."""

from collections.abc import Iterator, Sequence

from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Problem, Trial
from grader.authoring.thresholds import MAJORITY
from grader.findings import Crashed, Mishap
from grader.report import CheckResult, Outcome, Verdict

CHECKS = "checks.py"

FAILURES = (Outcome.FAILED, Outcome.NOT_RUN)
"""A check that was not run counts as failed: the solution did not get that far."""


def demand_all(
    trials: Sequence[Trial], checks: Sequence[str], *, is_whole: bool = True
) -> list[Problem]:
    """All that the trials show to be wrong.

    Args:
        trials: of all examples and rounds.
        checks: names of the kata's checks.
        is_whole: all examples were tried; else what none of them has shown may yet have been.
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
        problems += demand_failures(trials, checks)
    return problems


def demand_working_checks(trials: Sequence[Trial]) -> Iterator[Problem]:
    """No check is broken; each is told once."""
    told = set()
    for trial in trials:
        for result in trial.results:
            if result.outcome is Outcome.BROKEN and result.name not in told:
                told.add(result.name)
                yield Problem(
                    CHECKS,
                    f"{result.name} is broken.",
                    why=result,
                    is_environment=_is_environment(result),
                )


def _is_environment(result: CheckResult) -> bool:
    """A mishap that names neither the checks nor the reference comes from the machine."""
    match result.finding:
        case Mishap(text=text):
            return CHECKS not in text and "reference" not in text
        case _:
            return False


def demand_checks(
    example: Example, rounds: Sequence[Trial], checks: Sequence[str]
) -> Iterator[Problem]:
    """The example fails exactly the checks that are declared; an inconclusive result is no wrong one."""
    for check in checks:
        if is_wrong(example, rounds, check):
            yield _wrong(example, check, _contrary(example, rounds, check), rounds)
        elif is_open(rounds, check):
            text = (
                f"gave no clear result at {check} in any round; verify again on a quieter machine."
            )
            yield Problem(_file(example), text, is_environment=True)


def is_wrong(example: Example, rounds: Sequence[Trial], check: str) -> bool:
    """Whether these rounds show that an example is not what its manifest declares of this check.

    One round is enough to show that an accepted example fails, or that a declared failure does not come about. A
    starter or a rejected example is wrong anyway, and a busy machine may let it fail one more check: only more than
    half of its clear rounds count.
    """
    contrary = _contrary(example, rounds, check)
    if example.kind is Kind.ACCEPTED or _must_fail(example, check):
        return bool(contrary)
    return len(contrary) > MAJORITY * sum(_is_clear(trial, check) for trial in rounds)


def is_open(rounds: Sequence[Trial], check: str) -> bool:
    """Whether a check gave nothing but inconclusive results."""
    return all(trial.outcome(check) is Outcome.INCONCLUSIVE for trial in rounds)


def is_in_doubt(example: Example, rounds: Sequence[Trial], check: str) -> bool:
    """Whether another round may say more of an example at a check: an undeclared failure, or nothing clear so far."""
    return is_open(rounds, check) or (
        not _must_fail(example, check) and bool(_contrary(example, rounds, check))
    )


def _must_fail(example: Example, check: str) -> bool:
    return check in (example.fails or ())


def _contrary(example: Example, rounds: Sequence[Trial], check: str) -> list[Trial]:
    """The clear rounds in which a check gave the contrary of what is declared."""
    must_fail = _must_fail(example, check)
    return [
        trial
        for trial in rounds
        if _is_clear(trial, check) and (trial.outcome(check) in FAILURES) is not must_fail
    ]


def _is_clear(trial: Trial, check: str) -> bool:
    """Whether a trial says something of a check; what was not run after a broken one was not even tried."""
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
        else ("pass it" if example.kind is Kind.ACCEPTED else "fail only what is declared")
    )
    when = "" if len(wrong) == len(rounds) else f" in {len(wrong)} of {len(rounds)} rounds"
    why = None if must_fail else wrong[0].result(check)
    return Problem(_file(example), f"{did} {check}{when}, but must {must}.", _line(why), why)


def _line(why: CheckResult | None) -> int | None:
    """The line of the example at which its server crashed, if that is why it is wrong."""
    if why is not None and isinstance(why.finding, Crashed) and why.finding.frames:
        return why.finding.frames[-1].line
    return None


def demand_verdict(example: Example, rounds: Sequence[Trial]) -> Iterator[Problem]:
    """Junk fails, at whatever check."""
    passed = [trial for trial in rounds if trial.verdict is Verdict.PASSED]
    if passed:
        when = "" if len(passed) == len(rounds) else f" in {len(passed)} of {len(rounds)} rounds"
        yield Problem(
            CHECKS, f"{example.label} passes every check{when}: such an app must fail one."
        )


def demand_failures(trials: Sequence[Trial], checks: Sequence[str]) -> Iterator[Problem]:
    """Every check is failed by the starter or a rejected example; else nobody knows whether it can fail.

    One that must fail it, and of which this machine could not tell, may well do so: that is said elsewhere.
    """
    own = [trial for trial in trials if trial.example.kind in (Kind.STARTER, Kind.REJECTED)]
    for check in checks:
        may_fail = any(
            _must_fail(trial.example, check) and trial.outcome(check) is Outcome.INCONCLUSIVE
            for trial in own
        )
        if not may_fail and not any(trial.outcome(check) is Outcome.FAILED for trial in own):
            yield Problem(
                CHECKS, f"{check} is failed by no example: add a rejected one that fails it."
            )


def _file(example: Example) -> str:
    return f"{example.kind}/{example.path.name}"
