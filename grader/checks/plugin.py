"""The pytest plugin that runs a kata's checks: it collects them, and repeats each until the judge decides.

Checks are ordinary async pytest functions, which AnyIO's pytest plugin runs.
"""

import inspect
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from grader.checks.attempts import AttemptMaker
from grader.checks.faults import last_line
from grader.checks.stage import Stage
from grader.errors import BrokenError
from grader.evidence.machine import Machine
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.judge.decide import CheckJudge, ends_grading
from grader.judge.rule import PATIENCE_AFTER_FAILURE, Step
from grader.measure.machine import Reading, between, read_counters
from grader.measure.timing import Clock
from grader.report import CheckResult, Outcome

SUBJECTS = {Step.TRY_SOLUTION: Subject.SOLUTION, Step.TRY_REFERENCE: Subject.REFERENCE}
"""The code to run, for each step that asks for another attempt."""


class CheckRun:
    """Runs the checks of one kata against one solution; a pytest plugin.

    Args:
        stage: what the checks share.
        folders: contain the `app.py` of the solution and of the reference, by subject.
        clock: the run's clock.
        on_check: called with the title of each check before it runs.
        on_result: called with the result of each check.

    Attributes:
        attempts: makes the attempts; also a pytest plugin.
        records: of all checks, including those that were not tried.
        results: of all checks, including those that were not tried.
        out_of_time: the grading took too long, so some checks were not tried.
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
        self.records: list[CheckRecord] = []
        self.results: list[CheckResult] = []
        self.out_of_time = False
        self._stage = stage
        self._clock = clock
        self._on_check = on_check
        self._on_result = on_result
        self._fault: BrokenError | None = None
        self._failed = False
        self._stopped = False

    @property
    def error(self) -> BrokenError | None:
        """What broke the run; None if nothing did."""
        return self.attempts.error or self._fault

    @property
    def interrupted(self) -> bool:
        """Whether the run was interrupted."""
        return self.attempts.interrupted

    def interrupt(self) -> None:
        """End the run; see `AttemptMaker.interrupt`."""
        self.attempts.interrupt()

    # ---- collection -----------------------------------------------------------------------------------------------

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
            if fault := _fault(item):
                self._break(f"{self._stage.kata.checks}: {fault}")
        self.records = [CheckRecord(name=item.name, title=_title(item)) for item in items]
        self.results = [CheckJudge().result(record.name, record.title) for record in self.records]

    def _break(self, message: str) -> None:
        self._fault = self._fault or BrokenError(
            message, "This is a fault of the kata, not of your solution; tell its author."
        )
        self._stopped = True

    # ---- running --------------------------------------------------------------------------------------------------

    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Make attempts at one check until the judge decides."""
        if self._stopped or self._is_out_of_time():
            return True
        record = next(record for record in self.records if record.name == item.name)
        self._on_check(record.title)
        judge = CheckJudge(failed_already=self._failed)
        attempts, machine = self._make_attempts(item, nextitem, judge)
        if self.interrupted:  # the interruption may have caused a miss, so nothing is judged
            raise KeyboardInterrupt
        self._note(replace(record, attempts=tuple(attempts), machine=machine), judge)
        return True

    def _make_attempts(
        self, item: pytest.Item, nextitem: pytest.Item | None, judge: CheckJudge
    ) -> tuple[list[Attempt], Machine | None]:
        """The attempts that the judge asked for, and what kept the machine busy since the first reference attempt."""
        attempts: list[Attempt] = []
        before: Reading | None = None
        while not self.interrupted and (subject := SUBJECTS.get(judge.step)) is not None:
            if subject is Subject.REFERENCE and before is None:
                before = read_counters()
            patience_scale = PATIENCE_AFTER_FAILURE if self._failed else 1.0
            attempts.append(self.attempts.make(item, nextitem, subject, patience_scale))
            judge.take(attempts[-1])
            if self._is_out_of_time():
                break
        if before is None or self.interrupted:
            return attempts, None
        return attempts, between(
            before, read_counters(), {os.getpid()} | self._stage.launchers.pids
        )

    def _note(self, record: CheckRecord, judge: CheckJudge) -> None:
        """Keep and report the record and its result, and stop the run if no further check should be tried."""
        result = judge.result(record.name, record.title, record.machine)
        self.records = [record if other.name == record.name else other for other in self.records]
        self.results = [result if other.name == result.name else other for other in self.results]
        self._failed = self._failed or result.outcome is Outcome.FAILED
        broken = result.outcome is Outcome.BROKEN
        self._stopped = (
            broken or ends_grading(result.finding) or (self._failed and self._stage.stops_early)
        )
        self._on_result(result)

    def _is_out_of_time(self) -> bool:
        if not self.out_of_time and self._clock.now() > self._stage.kata.limits.grading_s:
            self.out_of_time = True
        return self.out_of_time


def _fault(item: pytest.Item) -> str:
    """What is wrong with a collected check, beginning with its name; empty if nothing is."""
    if not isinstance(item, pytest.Function) or not inspect.iscoroutinefunction(item.function):
        return f"{item.name} is not an `async def`."
    if not (item.function.__doc__ or "").strip():
        return f"{item.name} has no docstring; its first line is what the learner reads."
    return ""


def _title(item: pytest.Item) -> str:
    doc = getattr(getattr(item, "function", None), "__doc__", None) or item.name
    return doc.strip().splitlines()[0] if doc.strip() else item.name
