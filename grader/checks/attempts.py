"""Makes attempts at checks: gives each its fixtures and its deadline, and records the meaning of its exceptions."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import anyio
import pytest

from grader.checks.claims import RECORDER, ClaimMissed
from grader.checks.collection import Check
from grader.checks.faults import describe, fault_of_check
from grader.checks.server import Server
from grader.checks.stage import Stage, running_fixtures
from grader.errors import BrokenError
from grader.evidence.run import Attempt, Subject
from grader.measure.attempt import AttemptContext, begin_attempt, nothing
from grader.measure.gates import GateMissed
from grader.measure.timing import Clock
from grader.process.server import ServerNotReady

NOT_EXCEPTIONS = (
    asyncio.CancelledError,
    pytest.fail.Exception,
    pytest.skip.Exception,
)
"""What checks may raise that is no `Exception`: what they do with it is a fault of the kata."""


class AttemptMaker:
    """Makes attempts; any number of them at the same time, on one event loop.

    Args:
        stage: what the checks share.
        folders: contain the `app.py` of the solution and of the reference, by subject.
        clock: the run's clock.

    Attributes:
        errors: what broke attempts through no fault of the solution, by the mishap that their records have.
    """

    def __init__(self, stage: Stage, folders: Mapping[Subject, Path], clock: Clock) -> None:
        self.errors: dict[str, BrokenError] = {}
        self._stage = stage
        self._folders = folders
        self._clock = clock

    async def make(
        self, check: Check, subject: Subject, on_overdue: Callable[[], None] = nothing
    ) -> Attempt:
        """Run a check once, on a fresh server.

        Args:
            check: the check.
            subject: the code to run.
            on_overdue: called when it will probably miss, perhaps repeatedly.
        """
        kata = self._stage.kata
        attempt = begin_attempt(
            self._clock,
            subject,
            default_s=kata.promises.default_s,
            cuts_off=self._stage.cuts_off,
            own_deadline_s=kata.limits.own_deadline_s,
            on_overdue=on_overdue,
        )
        try:
            async with running_fixtures(self._stage, self._folders[subject], attempt) as fixtures:
                await self.run_check(lambda: check.run(kata, fixtures), attempt, fixtures.server)
        except ServerNotReady:
            pass  # the recorder has the details
        except BrokenError as error:
            self._note_broken(error, attempt)
        except Exception as error:
            attempt.recorder.note_mishap(describe(error))
        return attempt.recorder.freeze()

    async def run_check(
        self,
        check: Callable[[], Awaitable[None]],
        attempt: AttemptContext,
        server: Server | None = None,
    ) -> None:
        """Run a check until it finishes or its deadline passes, and record the meaning of its exceptions.

        Args:
            check: the check, with its arguments.
            attempt: takes the evidence.
            server: is asked where its tasks wait if the check misses something by the clock.
        """
        RECORDER.set(attempt.recorder)
        deadline_s = self._stage.kata.limits.check_s
        opening = attempt.watcher.open()
        try:
            with anyio.move_on_after(deadline_s) as scope:
                attempt.abort.on_break_off(scope.cancel)
                await check()
            if scope.cancelled_caught and anyio.current_time() >= scope.deadline:
                attempt.recorder.note_hung(deadline_s)
                await _explain(server)
            else:
                _require_looks(server, attempt, self._stage.kata.checks)
        except BrokenError as error:
            self._note_broken(error, attempt)
        except (Exception, *NOT_EXCEPTIONS) as error:
            if is_cancelled(error):
                raise
            await self._note_raised(error, attempt, server)
        finally:
            attempt.recorder.note_watch(attempt.watcher.close(opening))

    async def _note_raised(
        self, error: BaseException, attempt: AttemptContext, server: Server | None
    ) -> None:
        if not is_missed(error):
            attempt.recorder.replace_mishap(fault_of_check(error, self._stage.kata.checks))
        elif may_be_noise(error):
            await _explain(server)

    def _note_broken(self, error: BrokenError, attempt: AttemptContext) -> None:
        self.errors[str(error)] = error
        attempt.recorder.replace_mishap(str(error))


def _require_looks(server: Server | None, attempt: AttemptContext, checks: Path) -> None:
    """Note it as a fault of the kata if the check passed without looking at an answer."""
    if server is not None and (unlooked := server.attendance.unlooked()):
        requests = ", ".join(unlooked)
        attempt.recorder.note_mishap(
            f"{checks} looks at no answer to {requests}; use expect(), or let the visitor leave."
        )


async def _explain(server: Server | None) -> None:
    if server is not None:
        await server.explain()


def is_cancelled(error: BaseException) -> bool:
    """Whether an exception cancels the current task. The check may also have awaited a task that it had cancelled."""
    task = asyncio.current_task()
    return isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling() > 0


def is_missed(error: BaseException) -> bool:
    """Whether an exception is a missed claim, or a group of only missed claims: checks may use task groups."""
    if isinstance(error, BaseExceptionGroup):
        return all(is_missed(inner) for inner in error.exceptions)
    return isinstance(error, ClaimMissed | GateMissed)


def may_be_noise(missed: BaseException) -> bool:
    """Whether noise can have caused one of these missed claims."""
    if isinstance(missed, BaseExceptionGroup):
        return any(may_be_noise(inner) for inner in missed.exceptions)
    return not isinstance(missed, ClaimMissed) or missed.by_clock
