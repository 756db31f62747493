"""Who is told how proving goes."""

from typing import Protocol

from grader.authoring.examples import Example
from grader.authoring.proof import Proof, Trial


class ProofObserver(Protocol):
    """Is told how proving goes, for a live display. Several katas can be in progress, so each event names its kata."""

    def all_begin(self, gradings: int) -> None:
        """Proving begins, with so many gradings in all."""

    def kata_begins(self, slug: str, gradings: int) -> None:
        """A kata begins, with so many gradings."""

    def gradings_added(self, slug: str, gradings: int) -> None:
        """So many more gradings of a kata are needed than it began with."""

    def trial_begins(self, slug: str, example: Example) -> None:
        """An example is about to be graded."""

    def trial_ends(self, slug: str, trial: Trial) -> None:
        """It has been graded."""

    def kata_ends(self, proof: Proof) -> None:
        """A kata is finished."""


class NullProofObserver:
    """An observer that says nothing."""

    def all_begin(self, gradings: int) -> None:
        """Nothing."""

    def kata_begins(self, slug: str, gradings: int) -> None:
        """Nothing."""

    def gradings_added(self, slug: str, gradings: int) -> None:
        """Nothing."""

    def trial_begins(self, slug: str, example: Example) -> None:
        """Nothing."""

    def trial_ends(self, slug: str, trial: Trial) -> None:
        """Nothing."""

    def kata_ends(self, proof: Proof) -> None:
        """Nothing."""
