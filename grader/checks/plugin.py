"""The pytest plugin that collects a kata's checks and runs them."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import anyio
import pytest

from grader.checks.attempts import AttemptMaker
from grader.checks.collection import Check, fault_of_item, read_check
from grader.checks.faults import last_line
from grader.checks.runner import Runner
from grader.checks.stage import Stage
from grader.errors import BrokenError
from grader.evidence.run import CheckRecord, Subject
from grader.measure.timing import Clock
from grader.report import CheckResult


class CheckRun:
    """Runs the checks of one kata against one solution; a pytest plugin.

    pytest collects the checks. The plugin runs them itself, because pytest runs one test at a time.

    Args:
        stage: what the checks share.
        folders: contain the `app.py` of the solution and of the reference, by subject.
        clock: the run's clock.
        on_check: called with the title of the check that the next result is of.
        on_result: called with the result of each check, in the kata's order.

    Attributes:
        attempts: makes the attempts.
        interrupted: whether the run was interrupted.
    """

    def __init__(
        self,
        stage: Stage,
        folders: Mapping[Subject, Path],
        clock: Clock,
        on_check: Callable[[str], None],
        on_result: Callable[[CheckResult], None],
    ) -> None:
        self.attempts = AttemptMaker(stage, folders, clock)
        self.interrupted = False
        self._stage = stage
        self._clock = clock
        self._on_check = on_check
        self._on_result = on_result
        self._fault: BrokenError | None = None
        self._runner: Runner | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scope: anyio.CancelScope | None = None

    @property
    def error(self) -> BrokenError | None:
        """What broke the run; None if nothing did. An attempt that did not count broke nothing."""
        mishaps = [attempt.mishap for record in self.records for attempt in record.attempts]
        errors = [self.attempts.errors[text] for text in mishaps if text in self.attempts.errors]
        return next(iter(errors), self._fault)

    @property
    def records(self) -> list[CheckRecord]:
        """The records of all checks, including those that were not tried."""
        return [progress.record for progress in self._runner.progress] if self._runner else []

    @property
    def results(self) -> list[CheckResult]:
        """The results of all checks, including those that were not tried."""
        return self._runner.results if self._runner else []

    @property
    def out_of_time(self) -> bool:
        """Whether the grading took too long, so that some checks were not tried."""
        return self._runner is not None and self._runner.out_of_time

    def interrupt(self) -> None:
        """End all running checks and clean up in order. May be called from a signal handler.

        Raising from the handler instead would stop the event loop before servers and services have been cleaned up.
        """
        self.interrupted = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._cancel)

    def _cancel(self) -> None:
        if self._scope is not None:
            self._scope.cancel()

    # ---- pytest's hooks ---------------------------------------------------------------------------------------------

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Report a `checks.py` that cannot be imported."""
        if report.failed:
            self._break(
                f"{self._stage.kata.checks} cannot be imported: {last_line(str(report.longrepr))}"
            )

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse checks that could not prove anything."""
        if not items and self.error is None:
            self._break(f"{self._stage.kata.checks} contains no checks.")
        for item in items:
            if fault := fault_of_item(item, self._stage.kata):
                self._break(f"{self._stage.kata.checks}: {fault}")
        if self.error is None:
            self._runner = self._make_runner([read_check(item) for item in items])

    def pytest_runtestloop(self) -> bool:
        """Run the checks, in place of pytest's own loop."""
        if self._runner is not None:
            anyio.run(self._run, self._runner)
        if self.interrupted:
            raise KeyboardInterrupt
        return True

    # ---- running ----------------------------------------------------------------------------------------------------

    def _make_runner(self, checks: list[Check]) -> Runner:
        return Runner(
            self._stage, checks, self.attempts, self._clock, self._on_check, self._on_result
        )

    def _break(self, message: str) -> None:
        self._fault = self._fault or BrokenError(
            message, "This is a fault of the kata, not of your solution; tell its author."
        )

    async def _run(self, runner: Runner) -> None:
        self._loop = asyncio.get_running_loop()
        with anyio.CancelScope() as self._scope:
            if self.interrupted:  # before there was a scope
                self._scope.cancel()
            await runner.run()
