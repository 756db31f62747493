"""The observer of a grading: what a display implements to show progress."""

from typing import Protocol

from grader.report import CheckResult


class Observer(Protocol):
    """Is notified of progress, for a live display."""

    def check_begins(self, title: str) -> None:
        """The next result will be of this check; other checks may be running beside it."""

    def check_ends(self, result: CheckResult) -> None:
        """A check has its result. Results come in the kata's order."""


class NullObserver:
    """An observer that ignores all events."""

    def check_begins(self, title: str) -> None:
        """Ignored."""

    def check_ends(self, result: CheckResult) -> None:
        """Ignored."""
