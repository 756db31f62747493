"""Which examples of a kata are graded, and what errors lead to; nothing is really graded."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.examples import Example, Kind
from grader.authoring.lint.package import read_package
from grader.authoring.proof import ProofVerdict, Trial
from grader.authoring.prover import Plan, Prover
from grader.catalog.find import find_catalog
from grader.errors import BrokenError, HarnessError, SolutionError
from grader.judge.decide import verdict_of
from grader.report import CheckResult, Outcome
from tests.conftest import APP

MakeProver = Callable[..., Prover]
NAMES = ("test_a", "test_b", "test_c")

MANIFEST = """
format = 2
title = "A test kata"
tier = 1
teaches = "Nothing."
topics = ["tests"]
hints = ["one", "two", "three"]

[promises]
default_s = 1.0

[requirements]
answers = ["test_a", "test_b", "test_c"]
route-stays = ["test_a"]

[starter]
fails = ["test_a"]

[rejected.z_first]
fails = ["test_b"]
because = "It does b."

[rejected.both]
fails = ["test_b", "test_c"]
because = "It does b and c."

[rejected.like_the_starter]
fails = ["test_a"]
because = "It does a."

[rejected.a_last]
fails = ["test_c"]
because = "It does c."
"""

CHECKS = "from grader.checks.api import Server\n" + "".join(
    f'\n\nasync def {name}(server: Server) -> None:\n    """It holds."""\n' for name in NAMES
)


@pytest.fixture
def make_prover(make_kata: Callable[..., Path]) -> MakeProver:
    """Makes a prover of a kata with three checks and three rejected examples."""

    def make(plan: Plan) -> Prover:
        apps = {
            f"rejected/{name}.py": APP for name in ("z_first", "both", "like_the_starter", "a_last")
        }
        files = {
            **apps,
            "rejected/wrong.py": None,
            "accepted/other.py": APP,
        }
        kata = find_catalog(make_kata(manifest=MANIFEST, checks=CHECKS, files=files)).kata("tiny")
        return Prover(kata, read_package(kata.folder), plan)

    return make


def labels(examples: list[Example]) -> list[str]:
    return [example.label for example in examples]


def trial(example: Example, *outcomes: Outcome) -> Trial:
    results = tuple(
        CheckResult(name=name, title="", outcome=outcome)
        for name, outcome in zip(NAMES, outcomes, strict=True)
    )
    return Trial(example, verdict_of(outcomes), results)


PASSED, FAILED, NOT_RUN = Outcome.PASSED, Outcome.FAILED, Outcome.NOT_RUN


def test_every_example_is_graded_once_per_round(make_prover: MakeProver, tmp_path: Path) -> None:
    prover = make_prover(Plan(rounds=2))
    gradings = prover.first_gradings(tmp_path)
    own = [label for label in labels(gradings) if not label.startswith("junk")]
    once = [
        "starter/app",
        "accepted/other",
        "accepted/reference",
        "rejected/a_last",
        "rejected/both",
        "rejected/like_the_starter",
        "rejected/z_first",
    ]
    assert own == once * 2
    assert prover.planned == len(gradings)
    assert {example.kind for example in gradings} == set(Kind) - {Kind.MUTANT}


def test_a_quick_proof_grades_starter_reference_and_the_fewest_rejected(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(Plan(is_quick=True))
    assert labels(prover.first_gradings(tmp_path)) == [
        "starter/app",
        "accepted/reference",
        "rejected/both",
    ]


def test_a_quick_proof_continues_until_every_check_has_failed(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(Plan(is_quick=True))
    starter, reference, both = prover.first_gradings(tmp_path)
    prover.note_trial(trial(starter, FAILED, PASSED, PASSED))
    prover.note_trial(trial(reference, PASSED, PASSED, PASSED))
    prover.note_trial(trial(both, PASSED, FAILED, NOT_RUN))
    (further,) = prover.further_gradings()
    assert further.label == "rejected/a_last"
    assert prover.planned == 4
    prover.note_trial(trial(further, PASSED, PASSED, FAILED))
    assert prover.further_gradings() == []
    proof = prover.proof()
    assert proof.verdict is ProofVerdict.PROVED
    assert proof.shows_margins_only
    assert proof.is_quick


def test_an_example_that_cannot_be_read_is_a_problem_of_its_file(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(Plan(is_quick=True))
    prover.note_error(
        prover.first_gradings(tmp_path)[0], SolutionError("It is a link.", "Make it a file.")
    )
    assert not prover.is_stopped
    assert ("starter/app.py", "It is a link. Make it a file.") in [
        (problem.file, problem.text) for problem in prover.proof().problems
    ]


def test_an_error_that_breaks_every_grading_is_reported_once(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(Plan(is_quick=True))
    for example in prover.first_gradings(tmp_path):
        prover.note_error(example, HarnessError("The disk is full."))
    assert prover.is_stopped
    proof = prover.proof()
    assert [problem.text for problem in proof.problems] == ["The disk is full."]
    assert proof.verdict is ProofVerdict.BROKEN


def test_checks_that_cannot_be_run_are_a_mistake_in_the_kata(make_prover: MakeProver) -> None:
    prover = make_prover(Plan())
    prover.stop(BrokenError(f"{prover.kata.checks}: nothing can be imported."))
    (problem,) = prover.proof().problems
    assert (problem.file, problem.text) == ("checks.py", "nothing can be imported.")


def test_an_example_that_cannot_be_graded_any_more_is_not_tried_forever(
    make_prover: MakeProver, tmp_path: Path
) -> None:
    prover = make_prover(Plan())
    starter, *_ = prover.first_gradings(tmp_path)
    prover.note_trial(trial(starter, FAILED, FAILED, PASSED))  # one check more than declared
    further = 0
    while gradings := prover.further_gradings():
        further += len(gradings)
        prover.note_error(starter, SolutionError("It is gone.", ""))
    assert further == 2
