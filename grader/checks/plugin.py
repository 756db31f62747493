"""The pytest plugin that runs a kata's checks: fixtures, attempts, and nothing that decides.

Checks are ordinary async pytest functions; AnyIO's own pytest plugin runs them. What is ours: fixtures that give each
attempt a fresh stage, and a protocol that repeats a check as the judge asks.
"""

import asyncio
import inspect
import os
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from _pytest.runner import runtestprotocol

from grader.checks.expect import RECORDER, ClaimMissed
from grader.checks.server import Server, ServerNotReady
from grader.checks.stage import Cast, Stage, running_cast
from grader.errors import BrokenError
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.judge.decide import CheckJudge, Step
from grader.measure.attempt import AttemptContext, begin_attempt
from grader.measure.gates import HASTE, GateMissed
from grader.measure.machine import Reading, between, look
from grader.measure.timing import Clock
from grader.report import CheckResult, FindingKind, Outcome

BACKEND: tuple[str, dict[str, object]] = ("asyncio", {})
FINAL = (FindingKind.CRASHED_AT_START, FindingKind.HUNG_AT_START, FindingKind.LIMIT_EXCEEDED)
"""After these no further check is tried: they would all go the same way, and cost the machine what it has."""


class CheckRun:
    """Runs the checks of one kata against one solution; a pytest plugin.

    Args:
        stage: what the checks play on.
        folders: where the `app.py` of the solution and of the reference are.
        clock: the run's clock.
        on_check: called with the title of a check when it begins.
        on_result: called with each result.

    Attributes:
        records: of all checks, those that were not tried among them.
        results: their results.
        error: what broke the run.
        interrupted: it was asked to end.
        out_of_time: it took too long, so some checks were not tried.
    """

    def __init__(
        self,
        stage: Stage,
        folders: Mapping[Subject, Path],
        clock: Clock,
        on_check: Callable[[str], None],
        on_result: Callable[[CheckResult], None],
    ) -> None:
        self.records: list[CheckRecord] = []
        self.results: list[CheckResult] = []
        self.error: BrokenError | None = None
        self.interrupted = False
        self.out_of_time = False
        self._stage = stage
        self._folders = folders
        self._clock = clock
        self._on_check = on_check
        self._on_result = on_result
        self._failed = False
        self._stopped = False
        self._server: Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scope: anyio.CancelScope | None = None
        self._attempt = begin_attempt(clock)

    def interrupt(self) -> None:
        """End the check under way, so that everything is cleaned up in order; call it from a signal handler.

        Raising from the handler instead would tear the event loop out from under the fixtures that still have to clean
        up.
        """
        self.interrupted = True
        if (
            self._loop is not None and not self._loop.is_closed()
        ):  # between two checks there is none
            self._loop.call_soon_threadsafe(self._abandon)

    def _abandon(self) -> None:
        self._cancel_check()
        self._attempt.abort.abandon()

    def _cancel_check(self) -> None:
        if self._scope is not None:
            self._scope.cancel()

    # ---- fixtures -------------------------------------------------------------------------------------------------

    @pytest.fixture
    def anyio_backend(self) -> tuple[str, dict[str, object]]:
        """The grader runs on asyncio."""
        return BACKEND

    @pytest.fixture
    async def _cast(self) -> AsyncIterator[Cast]:
        self._loop = asyncio.get_running_loop()
        if self.interrupted:  # before there was a loop that could have been told
            self._attempt.abort.abandon()
        async with running_cast(
            self._stage, self._folders[self._attempt.subject], self._attempt
        ) as cast:
            self._server = cast.server
            yield cast

    async def _explain(self) -> None:
        if self._server is not None and not self.interrupted:
            await self._server.explain()

    @pytest.fixture
    def server(self, _cast: Cast) -> Server:
        """The running solution."""
        return _cast.server

    # ---- collection -----------------------------------------------------------------------------------------------

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A `checks.py` that cannot be imported is the kata's fault."""
        if report.failed:
            self._break(
                f"{self._stage.kata.checks} cannot be imported: {_last_line(str(report.longrepr))}"
            )

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse checks that could not mean anything."""
        if not items and self.error is None:
            self._break(f"{self._stage.kata.checks} has no check in it.")
        for item in items:
            if not isinstance(item, pytest.Function) or not _is_async(item):
                self._break(f"{self._stage.kata.checks}: {item.name} is not an `async def`.")
            elif not (item.function.__doc__ or "").strip():
                self._break(
                    f"{self._stage.kata.checks}: {item.name} has no docstring, which the learner would read."
                )
        self.records = [CheckRecord(name=item.name, title=_title(item)) for item in items]
        self.results = [CheckJudge().result(record.name, record.title) for record in self.records]

    # ---- running --------------------------------------------------------------------------------------------------

    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool:
        """Make attempts at one check until the judge can say what it gives."""
        if self._stopped or self._is_out_of_time():
            return True
        record = next(record for record in self.records if record.name == item.name)
        self._on_check(record.title)
        judge, attempts = CheckJudge(failed_already=self._failed), list[Attempt]()
        before: Reading | None = None
        # A miss that an interruption made is no miss: nothing is judged after one.
        while not self.interrupted and (step := judge.step) in (
            Step.TRY_SOLUTION,
            Step.TRY_REFERENCE,
        ):
            subject = Subject.SOLUTION if step is Step.TRY_SOLUTION else Subject.REFERENCE
            if subject is Subject.REFERENCE and before is None:
                before = look()
            attempts.append(self._make_attempt(item, nextitem, subject))
            judge.take(attempts[-1])
            if self._is_out_of_time():
                break
        if self.interrupted:
            raise KeyboardInterrupt
        machine = (
            between(before, look(), {os.getpid()} | self._stage.launchers.pids)
            if before is not None
            else None
        )
        self._note(
            CheckRecord(
                name=record.name, title=record.title, attempts=tuple(attempts), machine=machine
            ),
            judge,
        )
        return True

    def _note(self, record: CheckRecord, judge: CheckJudge) -> None:
        """Keep what was seen and how it was judged, tell of it, and decide whether it goes on."""
        result = judge.result(record.name, record.title, record.machine)
        self.records = [record if other.name == record.name else other for other in self.records]
        self.results = [result if other.name == result.name else other for other in self.results]
        self._failed = self._failed or result.outcome is Outcome.FAILED
        broken = result.outcome is Outcome.BROKEN
        final = result.finding is not None and result.finding.kind in FINAL
        self._stopped = broken or final or (self._failed and self._stage.stops_early)
        self._on_result(result)

    def _is_out_of_time(self) -> bool:
        if not self.out_of_time and self._clock.now() > self._stage.kata.limits.grading_s:
            self.out_of_time = True
        return self.out_of_time

    def _make_attempt(
        self, item: pytest.Item, nextitem: pytest.Item | None, subject: Subject
    ) -> Attempt:
        self._attempt = begin_attempt(
            self._clock,
            subject,
            haste=HASTE if self._failed else 1.0,
            cuts_off=self._stage.cuts_off,
            own_deadline_s=self._stage.kata.limits.own_deadline_s,
        )
        self._attempt.abort.on_break_off(self._cancel_check)
        item._initrequest()  # type: ignore[attr-defined]  # as pytest-rerunfailures does: fresh fixtures for each run
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            if report.failed and report.when != "call":
                self._attempt.recorder.note_mishap(_last_line(report.longreprtext))
        return self._attempt.recorder.freeze()

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self) -> Iterator[None]:
        """Tell apart what the solution did at its start from what the harness could not do."""
        try:
            return (yield)
        except ServerNotReady:
            pytest.skip("the solution did not start")
        except BrokenError as error:
            self.error = error
            self._attempt.recorder.replace_mishap(str(error))
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[None]:
        """Run the check with its recorder and its deadline."""
        check = pyfuncitem.obj

        async def run(**fixtures: Any) -> None:
            await self._run_check(partial(check, **fixtures), self._attempt)

        pyfuncitem.obj = run
        try:
            return (yield)
        finally:
            pyfuncitem.obj = check

    async def _run_check(
        self, check: Callable[[], Awaitable[None]], attempt: AttemptContext
    ) -> None:
        """Run a check to its end or its deadline, and note what its exceptions mean."""
        RECORDER.set(attempt.recorder)
        deadline_s = self._stage.kata.limits.check_s
        opening = attempt.watcher.open()
        try:
            with anyio.fail_after(deadline_s) as scope:
                self._scope = scope
                if (
                    self.interrupted
                ):  # after the start of the server, and before this could be cancelled
                    scope.cancel()
                await check()
        except (ClaimMissed, GateMissed) as missed:
            if isinstance(missed, GateMissed) or missed.by_clock:
                await self._explain()
        except BrokenError as error:
            self.error = error
            attempt.recorder.replace_mishap(str(error))
        except TimeoutError:
            attempt.recorder.note_hung(deadline_s)
            await self._explain()
        except Exception as error:
            if not _only_missed(error):
                attempt.recorder.replace_mishap(_kata_bug(error, self._stage.kata.checks))
            else:
                await self._explain()
        finally:
            self._scope = None
            attempt.recorder.note_watch(attempt.watcher.close(opening))

    def _break(self, message: str) -> None:
        self.error = self.error or BrokenError(
            message, "This is a fault of the kata, not of your solution; tell its author."
        )
        self._stopped = True


def _is_async(item: pytest.Function) -> bool:
    return inspect.iscoroutinefunction(item.function)


def _title(item: pytest.Item) -> str:
    doc = getattr(getattr(item, "function", None), "__doc__", None) or item.name
    return doc.strip().splitlines()[0] if doc.strip() else item.name


def _only_missed(error: BaseException) -> bool:
    """Whether an exception group holds nothing but missed claims: a check may use a task group of its own."""
    if isinstance(error, BaseExceptionGroup):
        return all(_only_missed(inner) for inner in error.exceptions)
    return isinstance(error, ClaimMissed | GateMissed)


def _kata_bug(error: Exception, checks: Path) -> str:
    """One sentence about an exception that a check itself raised."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == checks
    ]
    where = f"{checks}:{lines[-1]}" if lines else str(checks)
    if isinstance(error, AssertionError):
        return f"{where} uses `assert`, which leaves no evidence; use expect()."
    return f"{where} raised {type(error).__name__}: {str(error)[:200]}"


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1].removeprefix("E").strip()[:300] if lines else "no message"
