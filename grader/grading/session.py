"""A session: grades solutions of one kata in an environment. Every grading goes through here."""

import contextlib
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from grader.catalog.manifest import Kata
from grader.errors import HarnessError, SolutionError
from grader.evidence.run import Run
from grader.grading.environment import Environment
from grader.grading.graded import Graded, grader_info, report_of
from grader.grading.interruption import signals_interrupt
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
        observer: is told how it goes.
        cuts_off: whether a burst may be cut off once it is certain that it misses its limit; without that every
            burst is measured whole.
        raises_broken: what broke the grading is raised even when some checks have been tried already.
        sandbox: whether the solution runs in one.
        stops_early: no further check is tried when one has failed.
    """

    observer: Observer = field(default_factory=NullObserver)
    cuts_off: bool = True
    raises_broken: bool = False
    sandbox: SandboxMode = SandboxMode.AUTO
    stops_early: bool = False


class Session:
    """Grades solutions of one kata, one after another; a context manager.

    All of them are graded in the same environment, whose launchers have imported everything already. Each check still
    gets a fresh server, but what one solution leaves in the sandbox's `/tmp` the next one finds: so more than one
    solution is for the examples of a kata, which have one author, and not for homework. An environment in which
    something went wrong is replaced.

    Args:
        kata: from the catalog.
        settings: how; defaults suit a program.
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
        """Make everything ready, so that the first check begins as soon as a solution is to be graded.

        Raises:
            BrokenError: the kata or this machine does not allow it.
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
            stops_early: for this one, instead of what the settings say.

        Raises:
            SolutionError: there is nothing that could be graded.
            BrokenError: the grader, the kata or this machine failed before any check could begin.
            KeyboardInterrupt: it was interrupted.
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
            self._discard()  # whatever it was, the next solution does not meet it
            raise

    def _usable_environment(self) -> Environment:
        if self._environment is not None:
            try:
                self._environment.need_alive()
            except HarnessError:
                self._discard()
        if self._environment is None:
            environment = Environment(self._kata, self._settings.sandbox)
            self._stack.push(
                environment
            )  # before it has anything, so that an interruption at any moment leaves nothing
            self._environment = environment.__enter__()
        return self._environment

    def _discard(self) -> None:
        self._environment = None
        self._stack.close()


class Beginning:
    """When a grading began, by the calendar and by its own clock."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).isoformat()
        self.clock = Clock()


def _run_checks(environment: Environment, clock: Clock, settings: Settings) -> "CheckRun":
    # Late: pytest takes 140 ms to import, during which the launcher imports on another core.
    from grader.checks.plugin import CheckRun
    from grader.checks.stage import Stage
    from grader.grading.pytest_runner import run_checks

    kata, observer = environment.kata, settings.observer
    stage = Stage(
        kata, environment.launchers, environment.services, settings.cuts_off, settings.stops_early
    )
    checks = CheckRun(stage, environment.folders, clock, observer.check_begins, observer.check_ends)
    with signals_interrupt(checks.interrupt):
        run_checks(kata, checks)
    return checks


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
    return Graded(run, report_of(environment.kata, run, verdict, tuple(checks.results)))
