"""Made-up mutants and proofs."""

from grader.authoring.mutants.mutant import Mutant
from grader.authoring.mutants.proof import Fate, Judged, MutantProof

REFERENCE = "WAIT_S = 1\nlock = 2\n"


def mutant(operator: str = "limit-more", line: int = 1) -> Mutant:
    text = "WAIT_S = 2\nlock = 2\n"
    return Mutant(operator, line, 1, text, text)


def judged(*fates: Fate) -> tuple[Judged, ...]:
    """A mutant on a line of its own for each of these fates."""
    why = {Fate.KILLED: "test_a", Fate.EQUIVALENT: "The same.", Fate.UNDECIDED: "broken at test_a"}
    return tuple(
        Judged(mutant(line=line), fate, why.get(fate, ""), 0.5)
        for line, fate in enumerate(fates, 1)
    )


def proof_of(*fates: Fate, kata: str = "tiny") -> MutantProof:
    """The proof of a small kata whose mutants have these fates."""
    count = len(fates)
    return MutantProof(
        kata,
        "Tiny",
        reference=REFERENCE,
        found=count,
        chosen=count,
        judged=judged(*fates),
        planned=count + 1,
        gradings=count + 1,
        duration_s=2.0,
    )
