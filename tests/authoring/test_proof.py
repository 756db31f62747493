"""The verdict of a proof, and of several."""

from grader.authoring.proof import Problem, Proof, ProofVerdict, verdict_of_proofs


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
