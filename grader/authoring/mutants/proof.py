"""What a kata's mutants show: which of them its checks notice."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from grader.authoring.mutants.mutant import Mutant
from grader.authoring.proof import Problem, ProofVerdict


class Fate(StrEnum):
    """What became of a mutant.

    Attributes:
        KILLED: a check failed it.
        EQUIVALENT: it passed, and `mutants.toml` says why that is right.
        SURVIVED: it passed: a hole in the checks, or an equivalent without a reason.
        UNDECIDED: its gradings were inconclusive, or broke.
    """

    KILLED = "killed"
    EQUIVALENT = "equivalent"
    SURVIVED = "survived"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Judged:
    """A mutant that has been graded.

    Attributes:
        why: the check that failed it, the reason of its equivalence, or why it is undecided; empty for survivors.
        duration_s: of all its gradings.
    """

    mutant: Mutant
    fate: Fate
    why: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True)
class MutantProof:
    """The result for one kata.

    Attributes:
        reference: the text of `accepted/reference.py`, with which mutants are compared.
        found: how many mutants the operators make.
        chosen: how many of them are graded.
        judged: those graded so far, in the order of the reference's lines.
        planned: how many gradings were planned.
        gradings: how many were made.
    """

    kata: str
    title: str
    problems: tuple[Problem, ...] = ()
    reference: str = ""
    found: int = 0
    chosen: int = 0
    judged: tuple[Judged, ...] = ()
    planned: int = 0
    gradings: int = 0
    duration_s: float = 0.0
    is_interrupted: bool = False

    def of(self, fate: Fate) -> tuple[Judged, ...]:
        """The mutants with this fate."""
        return tuple(each for each in self.judged if each.fate is fate)

    @property
    def score(self) -> float | None:
        """The share of killed mutants among those that are not equivalent; None if there are none."""
        telling = len(self.judged) - len(self.of(Fate.EQUIVALENT))
        return len(self.of(Fate.KILLED)) / telling if telling else None

    @property
    def verdict(self) -> ProofVerdict:
        """`wrong` if a mutant survived or the kata has a problem; it takes precedence, as in `Proof`."""
        if self.of(Fate.SURVIVED) or any(not each.is_environment for each in self.problems):
            return ProofVerdict.WRONG
        if self.is_interrupted:
            return ProofVerdict.INTERRUPTED
        is_undecided = self.problems or self.of(Fate.UNDECIDED)
        return ProofVerdict.BROKEN if is_undecided else ProofVerdict.PROVED


def verdict_of_mutants(proofs: Sequence[MutantProof]) -> ProofVerdict:
    """The worst verdict, in the order interrupted, wrong, broken, proved."""
    present = {proof.verdict for proof in proofs}
    if any(proof.is_interrupted for proof in proofs):
        return ProofVerdict.INTERRUPTED
    return next(
        (verdict for verdict in (ProofVerdict.WRONG, ProofVerdict.BROKEN) if verdict in present),
        ProofVerdict.PROVED,
    )
