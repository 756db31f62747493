"""Observers of a grading."""

from grader.grading.observer import NullObserver, Observer
from grader.report import CheckResult, Outcome


def test_the_null_observer_takes_every_event() -> None:
    observer: Observer = NullObserver()
    observer.check_begins("It answers.")
    observer.check_ends(CheckResult(name="test_a", title="", outcome=Outcome.PASSED))
