"""The launchers of one grading. Solution and reference have one each, so that the solution never sees the reference."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.evidence.run import Subject
from grader.process.launch import LauncherPlan
from grader.process.launcher import Launcher, running_launcher


class Launchers:
    """The launchers of one grading, each started when it is first needed.

    Args:
        run_dir: the grading's temporary folder.
        plans: how to run each launcher, by subject.
    """

    def __init__(self, run_dir: Path, plans: Mapping[Subject, LauncherPlan]) -> None:
        self._run_dir = run_dir
        self._plans = plans
        self._running: dict[Subject, Launcher] = {}
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def pids(self) -> set[int]:
        """Pids of the running launchers."""
        return {launcher.pid for launcher in self._running.values()}

    def of(self, subject: Subject) -> Launcher:
        """The launcher of this subject; starts it if it is not running yet.

        Raises:
            HarnessError: it cannot be started.
            SandboxUnavailable: a sandbox is required, and this machine cannot make one.
        """
        if subject not in self._running:
            started = running_launcher(
                self._run_dir, self._plans[subject], f"launcher-{subject.value}"
            )
            self._running[subject] = self._stack.enter_context(started)
        return self._running[subject]
