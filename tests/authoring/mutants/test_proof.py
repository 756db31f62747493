"""Scores and verdicts of mutants."""

from dataclasses import replace

import pytest

from grader.authoring.mutants.proof import Fate, verdict_of_mutants
from grader.authoring.proof import Problem, ProofVerdict
from tests.authoring.mutants.proofs import proof_of

KILLED, EQUIVALENT, SURVIVED, UNDECIDED = (
    Fate.KILLED,
    Fate.EQUIVALENT,
    Fate.SURVIVED,
    Fate.UNDECIDED,
)


@pytest.mark.parametrize(
    ("fates", "score"),
    [
        ((KILLED, KILLED), 1.0),
        ((KILLED, SURVIVED), 0.5),
        ((KILLED, UNDECIDED), 0.5),
        ((KILLED, EQUIVALENT, EQUIVALENT), 1.0),
        ((EQUIVALENT,), None),
        ((), None),
    ],
)
def test_the_score_is_the_share_of_killed_mutants_without_equivalents(
    fates: tuple[Fate, ...], score: float | None
) -> None:
    assert proof_of(*fates).score == score


@pytest.mark.parametrize(
    ("fates", "verdict"),
    [
        ((KILLED, EQUIVALENT), ProofVerdict.PROVED),
        ((KILLED, UNDECIDED), ProofVerdict.BROKEN),
        ((SURVIVED, UNDECIDED), ProofVerdict.WRONG),
        ((), ProofVerdict.PROVED),
    ],
)
def test_a_survivor_weighs_more_than_a_doubt(
    fates: tuple[Fate, ...], verdict: ProofVerdict
) -> None:
    assert proof_of(*fates).verdict is verdict


def test_a_problem_with_the_kata_is_wrong_and_one_with_the_machine_is_not() -> None:
    killed = proof_of(KILLED)
    wrong = replace(killed, problems=(Problem("mutants.toml", "A mistake."),))
    broken = replace(killed, problems=(Problem("", "No memory.", is_environment=True),))
    assert (wrong.verdict, broken.verdict) == (ProofVerdict.WRONG, ProofVerdict.BROKEN)


def test_an_interruption_is_the_verdict_of_all() -> None:
    interrupted = replace(proof_of(KILLED), is_interrupted=True)
    assert interrupted.verdict is ProofVerdict.INTERRUPTED
    assert verdict_of_mutants([proof_of(SURVIVED), interrupted]) is ProofVerdict.INTERRUPTED
    assert verdict_of_mutants([proof_of(UNDECIDED), proof_of(SURVIVED)]) is ProofVerdict.WRONG
    assert verdict_of_mutants([proof_of(UNDECIDED), proof_of(KILLED)]) is ProofVerdict.BROKEN
    assert verdict_of_mutants([]) is ProofVerdict.PROVED
