"""Makes attempts at checks: gives each check its fixtures and its deadline, and interprets its exceptions."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from _pytest.runner import runtestprotocol

from grader.checks.claims import RECORDER, ClaimMissed
from grader.checks.faults import fault_of_check, last_line
from grader.checks.server import Server
from grader.checks.stage import Fixtures, Stage, running_fixtures
from grader.errors import BrokenError
from grader.evidence.run import Attempt, Subject
from grader.measure.attempt import AttemptContext, begin_attempt
from grader.measure.gates import GateMissed
from grader.measure.timing import Clock
from grader.process.server import ServerNotReady

BACKEND: tuple[str, dict[str, object]] = ("asyncio", {})


class AttemptMaker:
    """Makes attempts, one at a time; a pytest plugin.

    Args:
        stage: what the checks share.
        folders: contain the `app.py` of the solution and of the reference, by subject.
        clock: the run's clock.

    Attributes:
        error: what broke an attempt through no fault of the solution; None if nothing did.
        interrupted: whether the run was interrupted.
    """

    def __init__(self, stage: Stage, folders: Mapping[Subject, Path], clock: Clock) -> None:
        self.error: BrokenError | None = None
        self.interrupted = False
        self._stage = stage
        self._folders = folders
        self._clock = clock
        self._server: Server | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._scope: anyio.CancelScope | None = None
        self._attempt = begin_attempt(clock)

    def make(
        self,
        item: pytest.Item,
        nextitem: pytest.Item | None,
        subject: Subject,
        patience_scale: float,
    ) -> Attempt:
        """Run a check once, on a fresh server.

        Args:
            item: the check.
            nextitem: the check after it, which pytest needs for the teardown of fixtures.
            subject: the code to run.
            patience_scale: factor on the default patience of gates and visitors.
        """
        self._attempt = begin_attempt(
            self._clock,
            subject,
            patience_scale=patience_scale,
            cuts_off=self._stage.cuts_off,
            own_deadline_s=self._stage.kata.limits.own_deadline_s,
        )
        self._attempt.abort.on_break_off(self._cancel_check)
        item._initrequest()  # type: ignore[attr-defined]  # as pytest-rerunfailures does: fresh fixtures for each run
        for report in runtestprotocol(item, nextitem=nextitem, log=False):
            if report.failed and report.when != "call":
                self._attempt.recorder.note_mishap(last_line(report.longreprtext))
        return self._attempt.recorder.freeze()

    # ---- interruption ---------------------------------------------------------------------------------------------

    def interrupt(self) -> None:
        """End the running check and clean up in order. May be called from a signal handler.

        Raising from the handler instead would stop the event loop before the fixtures have cleaned up.
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
    async def _fixtures(self) -> AsyncIterator[Fixtures]:
        self._loop = asyncio.get_running_loop()
        if self.interrupted:  # before there was a loop to notify
            self._attempt.abort.abandon()
        folder = self._folders[self._attempt.subject]
        async with running_fixtures(self._stage, folder, self._attempt) as fixtures:
            self._server = fixtures.server
            yield fixtures

    @pytest.fixture
    def server(self, _fixtures: Fixtures) -> Server:
        """The running solution."""
        return _fixtures.server

    # ---- hooks ----------------------------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self) -> Iterator[None]:
        """Skip the check if the solution did not start; note the fault if the harness failed."""
        try:
            return (yield)
        except ServerNotReady:
            pytest.skip("the solution did not start")
        except BrokenError as error:
            self._note_broken(error, self._attempt)
            raise

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Iterator[None]:
        """Run the check through `run_check`."""
        check = pyfuncitem.obj

        async def run(**fixtures: Any) -> None:
            await self.run_check(partial(check, **fixtures), self._attempt)

        pyfuncitem.obj = run
        try:
            return (yield)
        finally:
            pyfuncitem.obj = check

    async def run_check(
        self, check: Callable[[], Awaitable[None]], attempt: AttemptContext
    ) -> None:
        """Run a check until it finishes or its deadline passes, and record the meaning of its exceptions."""
        RECORDER.set(attempt.recorder)
        deadline_s = self._stage.kata.limits.check_s
        opening = attempt.watcher.open()
        try:
            with anyio.fail_after(deadline_s) as scope:
                self._scope = scope
                if self.interrupted:  # after the server's start, and before there was a scope
                    scope.cancel()
                await check()
        except (ClaimMissed, GateMissed) as missed:
            if isinstance(missed, GateMissed) or missed.by_clock:
                await self._explain()
        except BrokenError as error:
            self._note_broken(error, attempt)
        except TimeoutError:
            attempt.recorder.note_hung(deadline_s)
            await self._explain()
        except Exception as error:
            if _is_missed(error):
                await self._explain()
            else:
                fault = fault_of_check(error, self._stage.kata.checks)
                attempt.recorder.replace_mishap(fault)
        finally:
            self._scope = None
            attempt.recorder.note_watch(attempt.watcher.close(opening))

    def _note_broken(self, error: BrokenError, attempt: AttemptContext) -> None:
        self.error = error
        attempt.recorder.replace_mishap(str(error))

    async def _explain(self) -> None:
        if self._server is not None and not self.interrupted:
            await self._server.explain()


def _is_missed(error: BaseException) -> bool:
    """Whether an exception is a missed claim, or a group of only missed claims: checks may use task groups."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_missed(inner) for inner in error.exceptions)
    return isinstance(error, ClaimMissed | GateMissed)
