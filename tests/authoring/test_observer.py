"""Observers of proofs."""

from grader.authoring.observer import NullProofObserver, ProofObserver
from grader.authoring.proof import Proof
from tests.authoring.trials import ACCEPTED, RIGHT


def test_the_null_observer_takes_every_event() -> None:
    observer: ProofObserver = NullProofObserver()
    observer.all_begin(2)
    observer.kata_begins("tiny", 1)
    observer.gradings_added("tiny", 1)
    observer.trial_begins("tiny", ACCEPTED)
    observer.trial_ends("tiny", RIGHT[1])
    observer.kata_ends(Proof("tiny", "Tiny", (), (), (), (), (), 2, 0.0))
