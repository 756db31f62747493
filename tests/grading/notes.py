"""An observer that keeps all events of gradings."""

from grader.report import CheckResult


class Notes:
    """Titles of the checks that began, and results of those that ended."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.results: list[CheckResult] = []

    def check_begins(self, title: str) -> None:
        self.begun.append(title)

    def check_ends(self, result: CheckResult) -> None:
        self.results.append(result)
