"""What the trials of a kata's examples must show, on made-up trials."""

from pathlib import Path

import pytest

from grader.authoring.demands import demand_all
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


def texts(*trials: Trial, is_whole: bool = True) -> list[str]:
    problems = demand_all(trials, CHECK_NAMES, is_whole=is_whole)
    return [f"{problem.file}: {problem.text}" for problem in problems]


def others(example: Example) -> list[Trial]:
    return [right for right in RIGHT if right.example != example]


def test_what_is_as_declared_is_no_problem() -> None:
    assert texts(*RIGHT) == []


def test_a_check_that_was_not_run_counts_as_failed() -> None:
    both = Example(Kind.REJECTED, "crash", Path("rejected/crash.py"), frozenset(CHECK_NAMES))
    assert texts(*RIGHT, trial(both, FAIL, NOT_RUN)) == []


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        (trial(ACCEPTED, FAIL, PASS), "accepted/reference.py: fails test_a, but must pass it."),
        (
            trial(REJECTED, FAIL, FAIL),
            "rejected/near.py: fails test_a, but must fail only what is declared.",
        ),
        (trial(STARTER, PASS, PASS), "starter/app.py: passes test_a, but must fail it."),
        (
            trial(JUNK, PASS, PASS),
            "checks.py: junk/hang passes every check: such an app must fail one.",
        ),
    ],
)
def test_what_is_not_as_declared_is_a_problem_of_its_file(wrong: Trial, text: str) -> None:
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
            "checks.py: junk/hang passes every check in 1 of 3 rounds: such an app must fail one.",
        ),
    ],
)
def test_one_round_is_enough_to_show_what_is_wrong_for_good(
    wrong: Trial, right: Trial, text: str
) -> None:
    assert texts(*RIGHT, wrong, right) == [text]


def test_an_undeclared_failure_counts_when_more_than_half_of_the_clear_rounds_have_it() -> None:
    once = trial(REJECTED, FAIL, FAIL)
    as_declared = trial(REJECTED, PASS, FAIL)
    unclear = trial(REJECTED, UNCLEAR, FAIL)
    rest = others(REJECTED)
    assert texts(*rest, once, as_declared, as_declared) == []
    assert texts(*rest, once, as_declared, unclear) == []
    assert texts(*rest, once, once, as_declared) == [
        "rejected/near.py: fails test_a in 2 of 3 rounds, but must fail only what is declared."
    ]
    assert len(texts(*rest, once, unclear, unclear)) == 1


def test_a_check_that_no_example_fails_is_a_problem() -> None:
    assert "checks.py: test_b is failed by no example: add a rejected one that fails it." in texts(
        RIGHT[0], RIGHT[1]
    )


def test_half_of_the_trials_do_not_say_what_no_example_fails() -> None:
    assert texts(RIGHT[0], RIGHT[1], is_whole=False) == []


def test_inconclusive_results_beside_clear_ones_are_no_problem() -> None:
    assert texts(*RIGHT, trial(ACCEPTED, UNCLEAR, UNCLEAR), trial(STARTER, UNCLEAR, UNCLEAR)) == []


@pytest.mark.parametrize("example", [STARTER, ACCEPTED])
def test_what_was_inconclusive_in_every_round_is_the_machines(example: Example) -> None:
    (problem,) = demand_all([*others(example), *[trial(example, UNCLEAR, PASS)] * 3], CHECK_NAMES)
    assert (
        problem.text
        == "gave no clear result at test_a in any round; verify again on a quieter machine."
    )
    assert problem.is_environment


def test_a_check_that_asserts_nothing_is_told_once() -> None:
    finding = NothingAsserted()
    broken = [
        trial(example, Outcome.BROKEN, NOT_RUN, finding=finding)
        for example in (STARTER, ACCEPTED, JUNK)
    ]
    (problem,) = demand_all(broken, CHECK_NAMES)
    assert problem.text == "test_a is broken."
    assert not problem.is_environment


def test_a_mishap_of_the_machine_is_not_the_katas() -> None:
    finding = Mishap(text="OSError: too many open files")
    (problem,) = demand_all(
        [trial(ACCEPTED, Outcome.BROKEN, NOT_RUN, finding=finding)], CHECK_NAMES
    )
    assert problem.is_environment
