"""The words and the document for mutants."""

import json
from dataclasses import replace

import pytest

from grader.authoring.mutants.mutant import Mutant
from grader.authoring.mutants.proof import Fate, Judged
from grader.authoring.proof import Problem
from grader.grading.graded import grader_info
from grader.render.mutants import lines_to_add, mutants_summary, overall_mutants, render_mutants
from tests.authoring.mutants.proofs import proof_of
from tests.render.hostile import assert_acts_on_nothing

ALL = (Fate.KILLED, Fate.KILLED, Fate.EQUIVALENT, Fate.SURVIVED, Fate.UNDECIDED)


def test_the_summary_counts_every_fate() -> None:
    assert (
        mutants_summary(proof_of(*ALL))
        == "5 mutants: 2 killed, 1 equivalent, 1 survived, 1 undecided; score 50 %, 2.00 s."
    )
    assert mutants_summary(replace(proof_of(*ALL), found=90)).startswith("5 of 90 mutants: ")


def test_an_interrupted_summary_says_so() -> None:
    partial = replace(proof_of(Fate.KILLED), is_interrupted=True, chosen=40)
    assert mutants_summary(partial).startswith("Interrupted after 1 of 40 mutants: 1 killed; ")


def test_a_kata_without_mutants_says_so() -> None:
    assert (
        mutants_summary(proof_of()) == "There are no mutants: no operator finds anything to change."
    )


def test_problems_are_counted() -> None:
    problem = Problem("mutants.toml", "A mistake.")
    assert mutants_summary(replace(proof_of(Fate.KILLED), problems=(problem,))).endswith(
        " 1 problem."
    )


@pytest.mark.parametrize(("killed", "text"), [(199, "score 99 %"), (1, "score 50 %")])
def test_a_score_is_never_rounded_up(killed: int, text: str) -> None:
    assert text in mutants_summary(proof_of(*[Fate.KILLED] * killed, Fate.SURVIVED))


def test_katas_in_which_a_mutant_survives_are_named() -> None:
    proofs = [proof_of(Fate.KILLED), proof_of(Fate.SURVIVED, kata="lax")]
    assert overall_mutants(proofs, 2) == "In 1 of 2 katas no mutant survives. Look at: lax."


def test_the_lines_to_add_are_those_of_the_mutant() -> None:
    (survivor,) = proof_of(Fate.SURVIVED).judged
    assert lines_to_add(survivor) == ('["limit-more:1"]', 'reason = "…"')


def test_the_document_has_every_mutant_with_its_diff() -> None:
    document = json.loads(render_mutants([proof_of(*ALL)], grader_info()))
    assert (document["format"], document["verdict"]) == (1, "wrong")
    (only,) = document["katas"]
    assert (only["killed"], only["equivalent"], only["survived"], only["undecided"]) == (2, 1, 1, 1)
    assert (only["score"], only["is_interrupted"]) == (0.5, False)
    survivor = only["mutants"][3]
    assert (survivor["key"], survivor["fate"]) == ("limit-more:4", "survived")
    assert "+WAIT_S = 2" in survivor["diff"]


def test_text_of_a_reference_acts_on_nothing() -> None:
    text = "x = '\x1b[31m\u202e'\n"
    hostile = Judged(Mutant("drop-await", 1, 1, text, text), Fate.SURVIVED, "\x1b[2J")
    proof = replace(proof_of(), judged=(hostile,), chosen=1)
    assert_acts_on_nothing(render_mutants([proof], grader_info()))
