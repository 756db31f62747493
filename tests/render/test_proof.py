"""The words of a proof: places, sentences, marks and factors."""

from dataclasses import replace

import pytest

from grader.authoring.examples import Example
from grader.authoring.margins import margins_of
from grader.authoring.proof import Problem, Proof, Trial
from grader.render.proof import (
    common_outcome,
    is_as_declared,
    is_right,
    margin_rows,
    marks_shown,
    overall_summary,
    place,
    problem_lines,
    proof_summary,
    requirement_rows,
    sentence,
)
from grader.report import Outcome
from tests.authoring.trials import (
    ACCEPTED,
    CHECK_NAMES,
    FAIL,
    JUNK,
    LEISURELY,
    NOT_RUN,
    PASS,
    REJECTED,
    RIGHT,
    STARTER,
    UNCLEAR,
    right,
    trial,
    wrong,
)
from tests.render.hostile import assert_acts_on_nothing


def proof(*trials: Trial, problems: tuple[Problem, ...] = ()) -> Proof:
    examples = tuple(dict.fromkeys(trial.example for trial in trials))
    margins = margins_of(trials)
    return Proof("tiny", "Tiny", CHECK_NAMES, examples, trials, margins, problems, len(trials), 1.0)


# ---- problems -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("problem", "where"),
    [
        (Problem("checks.py", "", 12), "tiny/checks.py:12"),
        (Problem("checks.py", ""), "tiny/checks.py"),
        (Problem("", ""), "tiny"),
    ],
)
def test_a_problem_has_a_place(problem: Problem, where: str) -> None:
    assert place("tiny", problem) == where


def test_a_problem_acts_on_nothing_and_is_not_endless() -> None:
    text = sentence(Problem("checks.py", "\x1b[2J" + "x" * 10_000))
    assert_acts_on_nothing(text)
    assert len(text) <= 1000


# ---- the matrix -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "common"),
    [
        ([PASS, PASS], PASS),
        ([PASS, UNCLEAR], PASS),
        ([UNCLEAR, UNCLEAR], UNCLEAR),
        ([PASS, FAIL], None),
        ([FAIL, NOT_RUN], None),
    ],
)
def test_rounds_have_a_common_outcome_if_the_clear_ones_agree(
    outcomes: list[Outcome], common: Outcome | None
) -> None:
    rounds = [trial(ACCEPTED, outcome, PASS) for outcome in outcomes]
    assert common_outcome(proof(*rounds), ACCEPTED, "test_a") is common


@pytest.mark.parametrize(
    ("example", "outcome", "agrees"),
    [
        (ACCEPTED, PASS, True),
        (ACCEPTED, FAIL, False),
        (STARTER, FAIL, True),
        (STARTER, PASS, False),
        (JUNK, FAIL, True),
        (JUNK, PASS, True),
        (JUNK, Outcome.BROKEN, False),
    ],
)
def test_a_cell_agrees_with_the_manifest_or_does_not(
    example: Example, outcome: Outcome, agrees: bool
) -> None:
    assert is_as_declared(proof(trial(example, outcome, PASS)), example, "test_a") is agrees


def test_junk_is_right_if_it_fails_anywhere() -> None:
    assert is_right(proof(trial(JUNK, PASS, FAIL)), JUNK)
    assert not is_right(proof(trial(JUNK, PASS, PASS)), JUNK)


def test_other_examples_are_right_if_every_cell_agrees() -> None:
    assert is_right(proof(*RIGHT), REJECTED)
    assert not is_right(proof(trial(REJECTED, FAIL, FAIL)), REJECTED)


def test_marks_are_listed_in_the_order_of_the_legend() -> None:
    assert marks_shown(proof(*RIGHT)) == ((PASS, FAIL), False)
    differs = proof(trial(ACCEPTED, FAIL, UNCLEAR), trial(ACCEPTED, PASS, UNCLEAR))
    assert marks_shown(differs) == ((UNCLEAR, None), True)


# ---- margins --------------------------------------------------------------------------------------------------------


def test_a_margin_is_a_row_with_a_star_at_a_factor_that_is_too_small() -> None:
    judged = proof(*right(0.2, limit_s=0.4), *wrong(0.9, limit_s=0.4))
    (row,) = margin_rows(judged, judged.margins[0])
    assert (row.check, row.what) == ("1", "# × GET /x")
    assert (row.accepted, row.above) == ("0.20 s", "2.0 ×*")
    assert (row.limit, row.below, row.rejected) == ("0.40 s", "2.2 ×", "0.90 s")


def test_leisurely_examples_have_a_row_of_their_own() -> None:
    judged = proof(*right(0.1), *right(0.2, example=LEISURELY), *wrong(0.9))
    _, row = margin_rows(judged, judged.margins[0])
    assert (row.what, row.accepted, row.above) == ("leisurely", "0.20 s", "0.10 s")


def test_margins_that_are_only_shown_have_no_star() -> None:
    shown = replace(
        proof(*right(0.2, limit_s=0.4), *wrong(0.9, limit_s=0.4)), shows_margins_only=True
    )
    (row,) = margin_rows(shown, shown.margins[0])
    assert row.above == "2.0 ×"


def test_a_bound_and_a_missing_side_are_marked() -> None:
    bound = proof(*right(0.1), *wrong(0.9, is_bound=True))
    alone = proof(*right(0.1))
    assert margin_rows(bound, bound.margins[0])[0].rejected == "≥ 0.90 s"
    assert margin_rows(alone, alone.margins[0])[0].rejected == "none"


def test_a_factor_without_anything_to_compare_is_only_large() -> None:
    fast = proof(*right(0.05, alone_s=0.1))
    assert margin_rows(fast, fast.margins[0])[0].above == "> 99 ×"


# ---- summaries ------------------------------------------------------------------------------------------------------

MISTAKE = Problem("checks.py", "has no checks.")
MACHINE = Problem("", "The disk is full.", is_environment=True)


def test_a_summary_begins_with_the_verdict() -> None:
    assert proof_summary(proof(*RIGHT)).startswith("Proved: 4 gradings, 8 results, 0 inconclusive")
    assert proof_summary(proof(*RIGHT, problems=(MISTAKE,))).startswith("Wrong: 1 problem (")
    assert proof_summary(proof(*RIGHT, problems=(MACHINE,) * 2)).startswith(
        "Not proved on this machine: 2 problems ("
    )


def test_a_quick_proof_says_so() -> None:
    assert proof_summary(replace(proof(*RIGHT), is_quick=True)).startswith("Proved with --quick: ")


def test_an_interrupted_proof_says_how_much_was_graded() -> None:
    interrupted = replace(proof(*RIGHT), is_interrupted=True, planned=9)
    assert proof_summary(interrupted) == "Interrupted after 4 of 9 gradings; 0 problems so far."


def test_several_katas_are_summed_up() -> None:
    proved, wrong_one = proof(*RIGHT), replace(proof(problems=(MISTAKE,)), kata="other")
    assert overall_summary([proved], 1) == "1 of 1 katas are proved."
    assert overall_summary([proved, wrong_one], 3) == (
        "1 of 3 katas are proved. Not proved: other."
    )


def test_the_problems_of_several_katas_are_lines() -> None:
    wrong_one = replace(proof(problems=(MISTAKE, MISTAKE)), kata="other")
    lines = problem_lines([proof(*RIGHT), wrong_one])
    assert lines == [f"{place('other', MISTAKE)}: {sentence(MISTAKE)}"] * 2


def test_a_requirement_is_a_row_with_the_numbers_of_its_checks() -> None:
    crash = trial(replace(REJECTED, name="crash"), FAIL, NOT_RUN)
    requirements = {"one": ("test_b", "test_a"), "two": ("test_b",), "odd": ("x",), "none": ()}
    shown = replace(proof(*RIGHT, crash, crash), requirements=requirements)
    assert requirement_rows(shown) == [
        ("one", "1 2", "2 rejected"),
        ("two", "2", "1 rejected"),
        ("odd", "?", "0 rejected"),
        ("none", "none", "0 rejected"),
    ]
