"""Who is told how a grading goes."""

from typing import Protocol

from grader.report import CheckResult


class Observer(Protocol):
    """Is told how a grading goes, for a live display."""

    def check_begins(self, title: str) -> None:
        """A check begins."""

    def check_ends(self, result: CheckResult) -> None:
        """A check has its result."""


class NullObserver:
    """An observer that says nothing."""

    def check_begins(self, title: str) -> None:
        """Nothing."""

    def check_ends(self, result: CheckResult) -> None:
        """Nothing."""
