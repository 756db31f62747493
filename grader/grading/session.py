"""Sessions grade solutions of one kata in one environment. Every grading runs in a session."""

import contextlib
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from grader.catalog.manifest import Kata
from grader.errors import HarnessError, SolutionError
from grader.evidence.run import Run, Subject
from grader.grading.environment import Environment
from grader.grading.graded import Graded, grader_info, report_of
from grader.grading.observer import NullObserver, Observer
from grader.judge.decide import verdict_of_results
from grader.measure.timing import Clock
from grader.process.sandbox import SandboxMode

if TYPE_CHECKING:
    from grader.checks.plugin import CheckRun


@dataclass(frozen=True)
class Settings:
    """How to grade.

    Attributes:
        observer: is notified when checks begin and end.
        cuts_off: whether a burst may be cut off once it is certain to miss its limit; otherwise every burst is
            measured to its end.
        raises_broken: an error that breaks the grading is raised even if some checks have been attempted.
        sandbox: whether the solution runs in a sandbox.
        stops_early: whether the first failed check ends the grading.
    """

    observer: Observer = field(default_factory=NullObserver)
    cuts_off: bool = True
    raises_broken: bool = False
    sandbox: SandboxMode = SandboxMode.AUTO
    stops_early: bool = False


class Session:
    """Grades solutions of one kata, one after another; a context manager.

    The solutions share an environment, so the launchers' imports are paid for once. Each check gets a fresh server, but
    files in the sandbox's `/tmp` persist from one solution to the next. Solutions in a session must therefore have the
    same author, like the examples of a kata; never grade submissions of several students in one session.

    After an error, the next solution gets a new environment.

    Args:
        kata: from the catalog.
        settings: how to grade.
    """

    def __init__(self, kata: Kata, settings: Settings | None = None) -> None:
        self._kata = kata
        self._settings = settings or Settings()
        self._stack = contextlib.ExitStack()
        self._environment: Environment | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._discard()

    def prepare(self) -> None:
        """Start the environment now, so that `grade` need not wait for it.

        Raises:
            BrokenError: the environment cannot be started.
        """
        try:
            self._usable_environment().start()
        except BaseException:
            self._discard()
            raise

    def grade(self, solution: Path, *, stops_early: bool | None = None) -> Graded:
        """Grade a solution.

        Args:
            solution: a file, a folder with an `app.py`, or an archive.
            stops_early: overrides the settings for this solution.

        Raises:
            SolutionError: the solution cannot be read.
            BrokenError: the grader, the kata or this machine failed before any check began.
            KeyboardInterrupt: the grading was interrupted.
        """
        settings = (
            self._settings
            if stops_early is None
            else replace(self._settings, stops_early=stops_early)
        )
        beginning = Beginning()
        try:
            environment = self._usable_environment()
            environment.take_in(solution)
            environment.start()
            checks = _run_checks(environment, beginning.clock, settings)
            if checks.error is not None and (
                settings.raises_broken or not any(record.attempts for record in checks.records)
            ):
                raise checks.error
            return _graded(environment, solution, beginning, checks)
        except SolutionError:
            raise
        except BaseException:
            self._discard()  # so that the next solution gets a working environment
            raise

    def _usable_environment(self) -> Environment:
        if self._environment is not None:
            try:
                self._environment.require_alive()
            except HarnessError:
                self._discard()
        if self._environment is None:
            environment = Environment(self._kata, self._settings.sandbox)
            # Pushed before it acquires anything, so that an interruption at any point leaves nothing behind.
            self._stack.push(environment)
            self._environment = environment.__enter__()
        return self._environment

    def _discard(self) -> None:
        self._environment = None
        self._stack.close()


class Beginning:
    """The start of a grading: the wall-clock time, and zero on the grading's clock."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).isoformat()
        self.clock = Clock()


def _run_checks(environment: Environment, clock: Clock, settings: Settings) -> "CheckRun":
    from grader.grading import pytest_runner  # late: 140 ms, while the launcher imports as well

    return pytest_runner.run_checks_in(
        environment,
        clock,
        settings.observer,
        cuts_off=settings.cuts_off,
        stops_early=settings.stops_early,
    )


def _graded(
    environment: Environment, solution: Path, beginning: Beginning, checks: "CheckRun"
) -> Graded:
    info = grader_info()
    run = Run(
        kata=environment.kata.slug,
        solution=os.fsencode(solution).decode(errors="replace"),
        began_at=beginning.at,
        duration_s=beginning.clock.now(),
        grader_version=info.version,
        python=info.python,
        cores=info.cores,
        without_sandbox=environment.without_sandbox,
        out_of_time=checks.out_of_time,
        checks=tuple(checks.records),
    )
    verdict = verdict_of_results(checks.results, out_of_time=checks.out_of_time)
    folder = environment.folders[Subject.SOLUTION]
    return Graded(run, report_of(environment.kata, run, verdict, tuple(checks.results), folder))
