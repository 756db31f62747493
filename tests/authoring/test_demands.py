"""Trials of a kata's examples are compared with what is declared; the trials are made up."""

from dataclasses import replace
from pathlib import Path

import pytest

from grader.authoring.demands import demand_all, is_in_doubt
from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Trial
from grader.findings import Mishap, NothingAsserted
from grader.report import Outcome
from tests.authoring.trials import (
    ACCEPTED,
    CHECK_NAMES,
    FAIL,
    JUNK,
    NOT_RUN,
    PASS,
    REJECTED,
    RIGHT,
    STARTER,
    UNCLEAR,
    trial,
)


def texts(*trials: Trial, is_whole: bool = True, is_quick: bool = False) -> list[str]:
    problems = demand_all(trials, CHECK_NAMES, is_whole=is_whole, is_quick=is_quick)
    return [f"{problem.file}: {problem.text}" for problem in problems]


def others(example: Example) -> list[Trial]:
    return [right for right in RIGHT if right.example != example]


def test_results_as_declared_are_not_a_problem() -> None:
    assert texts(*RIGHT) == []


def test_a_check_that_did_not_run_counts_as_failed() -> None:
    both = Example(Kind.REJECTED, "crash", Path("rejected/crash.py"), frozenset(CHECK_NAMES))
    assert texts(*RIGHT, trial(both, FAIL, NOT_RUN)) == []


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (trial(ACCEPTED, FAIL, PASS), "accepted/reference.py: fails test_a, but must pass it."),
        (
            trial(REJECTED, FAIL, FAIL),
            "rejected/near.py: fails test_a, but must fail only its declared checks.",
        ),
        (trial(STARTER, PASS, PASS), "starter/app.py: passes test_a, but must fail it."),
        (
            trial(JUNK, PASS, PASS),
            "checks.py: junk/hang passes every check, but such an app must fail at least one.",
        ),
    ],
)
def test_a_result_that_is_not_as_declared_is_a_problem_of_its_file(wrong: Trial, text: str) -> None:
    assert text in texts(wrong, *others(wrong.example))


@pytest.mark.parametrize(
    ("wrong", "right", "text"),
    [
        (
            trial(ACCEPTED, FAIL, PASS),
            RIGHT[1],
            "accepted/reference.py: fails test_a in 1 of 3 rounds, but must pass it.",
        ),
        (
            trial(STARTER, PASS, PASS),
            RIGHT[0],
            "starter/app.py: passes test_a in 1 of 3 rounds, but must fail it.",
        ),
        (
            trial(JUNK, PASS, PASS),
            RIGHT[3],
            "checks.py: junk/hang passes every check in 1 of 3 rounds, but such an app must fail at least one.",
        ),
    ],
)
def test_one_round_is_enough_for_a_contradiction_that_no_other_round_can_settle(
    wrong: Trial, right: Trial, text: str
) -> None:
    assert texts(*RIGHT, wrong, right) == [text]


def test_an_undeclared_failure_counts_if_more_than_half_of_the_clear_rounds_have_it() -> None:
    once = trial(REJECTED, FAIL, FAIL)
    as_declared = trial(REJECTED, PASS, FAIL)
    unclear = trial(REJECTED, UNCLEAR, FAIL)
    rest = others(REJECTED)
    assert texts(*rest, once, as_declared, as_declared) == []
    assert texts(*rest, once, as_declared, unclear) == []
    assert texts(*rest, once, once, as_declared) == [
        "rejected/near.py: fails test_a in 2 of 3 rounds, but must fail only its declared checks."
    ]
    assert len(texts(*rest, once, unclear, unclear)) == 1


def test_a_check_that_an_example_may_fail_is_not_a_problem_whatever_its_result() -> None:
    either = replace(REJECTED, may_fail=frozenset({"test_a"}))
    for outcome in (PASS, FAIL, UNCLEAR):
        assert texts(*others(REJECTED), trial(either, outcome, FAIL)) == []
        assert not is_in_doubt(either, [trial(either, outcome, FAIL)], "test_a")
    assert texts(*others(REJECTED), trial(either, FAIL, PASS))


CRASH = trial(
    Example(Kind.REJECTED, "crash", Path("rejected/crash.py"), frozenset(CHECK_NAMES)),
    FAIL,
    NOT_RUN,
)
"""A rejected example that never gets as far as `test_b`, which it must fail too."""

NEVER_FAILED = "checks.py: no rejected example fails test_b itself; add one that gets that far."


def test_a_check_must_be_failed_by_a_rejected_example_itself() -> None:
    assert texts(*others(REJECTED), CRASH) == [NEVER_FAILED]
    assert texts(*RIGHT, CRASH) == []


def test_a_check_that_the_starter_fails_must_be_failed_by_a_rejected_example_too() -> None:
    starter = trial(replace(STARTER, fails=frozenset(CHECK_NAMES)), FAIL, FAIL)
    rest = [right for right in others(REJECTED) if right.example != STARTER]
    assert texts(*rest, starter, CRASH) == [NEVER_FAILED]
    assert texts(*rest, starter, CRASH, is_quick=True) == []


def test_a_check_that_no_rejected_example_declares_is_left_to_the_lint() -> None:
    assert texts(*others(REJECTED)) == []


def test_checks_that_never_failed_are_reported_only_if_every_example_was_graded() -> None:
    assert texts(*others(REJECTED), CRASH, is_whole=False) == []


def test_inconclusive_results_beside_clear_ones_are_not_a_problem() -> None:
    assert texts(*RIGHT, trial(ACCEPTED, UNCLEAR, UNCLEAR), trial(STARTER, UNCLEAR, UNCLEAR)) == []


@pytest.mark.parametrize("example", [STARTER, ACCEPTED])
def test_the_machine_is_to_blame_if_every_round_was_inconclusive(example: Example) -> None:
    (problem,) = demand_all([*others(example), *[trial(example, UNCLEAR, PASS)] * 3], CHECK_NAMES)
    assert (
        problem.text
        == "gave no clear result for test_a in any round; verify again on a quieter machine."
    )
    assert problem.is_environment


def test_a_check_without_assertions_is_reported_once() -> None:
    finding = NothingAsserted()
    broken = [
        trial(example, Outcome.BROKEN, NOT_RUN, finding=finding)
        for example in (STARTER, ACCEPTED, JUNK)
    ]
    (problem,) = demand_all(broken, CHECK_NAMES)
    assert problem.text == "test_a is broken."
    assert not problem.is_environment


def test_the_kata_is_not_to_blame_for_a_mishap_of_the_machine() -> None:
    finding = Mishap(text="OSError: too many open files")
    (problem,) = demand_all(
        [trial(ACCEPTED, Outcome.BROKEN, NOT_RUN, finding=finding)], CHECK_NAMES
    )
    assert problem.is_environment
