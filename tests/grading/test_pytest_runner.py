"""Checks run in pytest, whatever pytest finds in the surroundings."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.errors import BrokenError
from grader.grading.environment import Environment
from grader.grading.grade import grade
from grader.grading.observer import NullObserver
from grader.grading.pytest_runner import run_checks_in
from grader.measure.timing import Clock
from grader.report import Outcome, Verdict
from tests.conftest import CHECKS

MakeKata = Callable[..., Path]
SECOND = CHECKS.replace("test_it_answers", "test_it_answers_again").split("\n\n\n")[1]


def outcomes(kata: Kata, solution: Path, *, stops_early: bool = False) -> list[tuple[str, Outcome]]:
    """Name and outcome of each check of a kata, in the order in which they ended."""
    with Environment(kata) as environment:
        environment.take_in(solution)
        environment.start()
        run = run_checks_in(environment, Clock(), NullObserver(), stops_early=stops_early)
    assert run.error is None
    return [(result.name, result.outcome) for result in run.results]


@pytest.fixture
def two_checks(make_kata: MakeKata) -> Kata:
    """A kata whose starter fails two checks."""
    return find_catalog(make_kata(checks=CHECKS + "\n\n" + SECOND)).kata("tiny")


def test_results_are_in_the_order_of_the_file(two_checks: Kata) -> None:
    assert outcomes(two_checks, two_checks.starter) == [
        ("test_it_answers", Outcome.FAILED),
        ("test_it_answers_again", Outcome.FAILED),
    ]


def test_the_first_failure_can_end_the_checks(two_checks: Kata) -> None:
    """They run side by side, so the other check may have failed as well by then."""
    found = [outcome for _, outcome in outcomes(two_checks, two_checks.starter, stops_early=True)]
    assert Outcome.FAILED in found
    assert set(found) <= {Outcome.FAILED, Outcome.NOT_RUN}


def test_a_kata_without_checks_is_broken(make_kata: MakeKata) -> None:
    kata = find_catalog(make_kata()).kata("tiny")
    kata.checks.unlink()
    with pytest.raises(BrokenError, match=r"has no checks\.py"):
        grade(kata, kata.reference)


def test_configuration_and_conftest_beside_a_kata_are_ignored(make_kata: MakeKata) -> None:
    files = {
        "conftest.py": "raise RuntimeError('imported')\n",
        "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
    }
    kata = find_catalog(make_kata(files=files)).kata("tiny")
    assert grade(kata, kata.reference).report.verdict is Verdict.PASSED


def test_the_module_of_the_checks_is_forgotten(tiny: Kata) -> None:
    grade(tiny, tiny.reference)
    files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
    assert str(tiny.checks) not in files
    tiny.checks.write_text(tiny.checks.read_text().replace('"yes"', '"no"'))
    assert grade(tiny, tiny.starter).report.verdict is Verdict.PASSED
