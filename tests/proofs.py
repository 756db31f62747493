"""Proofs of katas for tests: mistakes in the kata count, results that a busy machine left open do not."""

from collections.abc import Sequence

from grader.authoring.observer import NullProofObserver
from grader.authoring.proof import Proof
from grader.authoring.prover import Plan
from grader.authoring.verify import Verification
from grader.catalog.find import Catalog
from grader.render.proof import place, sentence
from grader.report import Verdict


async def proof_of(catalog: Catalog, slug: str, plan: Plan) -> Proof:
    """Prove one kata."""
    (proof,) = await Verification(catalog, [slug], plan, NullProofObserver()).run()
    return proof


def mistakes_in(proof: Proof) -> Sequence[str]:
    """The mistakes in a kata, and the gradings that broke or are missing."""
    mistakes = [
        f"{place(proof.kata, problem)}: {sentence(problem)}"
        for problem in proof.problems
        if not problem.is_environment
    ]
    broken = [
        f"{trial.example.label}: {trial.verdict}"
        for trial in proof.trials
        if trial.verdict is Verdict.BROKEN
    ]
    if len(proof.trials) < proof.planned:
        broken.append(
            f"{len(proof.trials)} of {proof.planned} gradings: {' '.join(map(sentence, proof.problems))}"
        )
    return [*mistakes, *broken]
