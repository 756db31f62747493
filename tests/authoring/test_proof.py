"""The verdict of a proof, and of several."""

from dataclasses import replace
from pathlib import Path

from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Problem, Proof, ProofVerdict, Trial, verdict_of_proofs
from grader.report import CheckResult, Outcome, Verdict


def proof(*problems: Problem, is_interrupted: bool = False) -> Proof:
    return Proof("tiny", "Tiny", (), (), (), (), problems, 0, 0.0, is_interrupted)


def test_a_mistake_in_the_kata_takes_precedence_over_the_machine() -> None:
    machine, mistake = Problem("", "Full.", is_environment=True), Problem("checks.py", "Wrong.")
    assert proof().verdict is ProofVerdict.PROVED
    assert proof(machine).verdict is ProofVerdict.BROKEN
    assert proof(machine, mistake).verdict is ProofVerdict.WRONG
    assert verdict_of_proofs([proof(), proof(machine)]) is ProofVerdict.BROKEN
    assert (
        verdict_of_proofs([proof(mistake), proof(is_interrupted=True)]) is ProofVerdict.INTERRUPTED
    )


def trial(**outcomes: Outcome) -> Trial:
    results = tuple(
        CheckResult(name=f"test_a[{name}]", title="", outcome=outcome)
        for name, outcome in outcomes.items()
    )
    example = Example(Kind.REJECTED, "near", Path("rejected/near.py"), frozenset({"test_a"}))
    return Trial(example, Verdict.FAILED, results)


def test_a_check_with_parameters_is_as_good_as_the_worst_of_them() -> None:
    passed, failed, unclear = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE
    assert trial(one=passed, two=failed, three=unclear).outcome("test_a") is failed
    assert trial(one=passed, two=unclear).outcome("test_a") is unclear
    assert trial(one=passed, two=failed).outcome("test_a[one]") is passed
    assert trial(one=passed).outcome("test_b") is Outcome.NOT_RUN


def test_a_rejected_example_fails_a_check_if_it_does_so_in_some_round() -> None:
    rounds = (trial(one=Outcome.PASSED), trial(one=Outcome.FAILED), trial(one=Outcome.FAILED))
    proved = replace(proof(), trials=rounds)
    assert proved.failed_by("test_b", "test_a") == (rounds[0].example,)
    assert proved.failed_by("test_b") == ()
