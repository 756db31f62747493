"""The observer of a proof: what a display implements to show progress."""

from typing import Protocol, TypeVar

from grader.authoring.examples import Example
from grader.authoring.proof import Proof, Trial

Outcome_contra = TypeVar("Outcome_contra", contravariant=True)


class CampaignObserver(Protocol[Outcome_contra]):
    """Is notified of progress, for a live display. Several katas can be in progress, so each event names its kata."""

    def all_begin(self, gradings: int) -> None:
        """The proofs begin, with this many gradings in total."""

    def kata_begins(self, slug: str, gradings: int) -> None:
        """The proof of a kata begins, with this many gradings."""

    def gradings_added(self, slug: str, gradings: int) -> None:
        """A kata needs this many more gradings."""

    def trial_begins(self, slug: str, example: Example) -> None:
        """The grading of an example begins."""

    def trial_ends(self, slug: str, trial: Trial) -> None:
        """The grading of an example is finished."""

    def kata_ends(self, proof: Outcome_contra) -> None:
        """The proof of a kata is finished."""


ProofObserver = CampaignObserver[Proof]
"""The observer of proofs by examples."""


class NullProofObserver:
    """An observer that ignores all events."""

    def all_begin(self, gradings: int) -> None:
        """Ignored."""

    def kata_begins(self, slug: str, gradings: int) -> None:
        """Ignored."""

    def gradings_added(self, slug: str, gradings: int) -> None:
        """Ignored."""

    def trial_begins(self, slug: str, example: Example) -> None:
        """Ignored."""

    def trial_ends(self, slug: str, trial: Trial) -> None:
        """Ignored."""

    def kata_ends(self, proof: object) -> None:
        """Ignored."""
