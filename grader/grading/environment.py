"""The environment for gradings of a kata: folders, launchers and services, with one set-up and tear-down."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from grader.catalog.manifest import Kata
from grader.child.limits import Resources
from grader.errors import HarnessError, KataPackageError, SolutionError
from grader.evidence.run import Subject
from grader.grading.descriptors import raise_descriptor_limit
from grader.process.launch import LauncherPlan
from grader.process.launchers import Launchers
from grader.process.run_dir import remove_contents, temporary_run_dir
from grader.process.sandbox import SandboxMode
from grader.services.running import KataServices
from grader.solution.solution import take_in


class Environment:
    """Folders, launchers and services for gradings of one kata; a context manager.

    The solution's folder is empty until `take_in` fills it. No process runs before `start`.

    Args:
        kata: from the catalog.
        sandbox: whether solutions run in a sandbox.
        resources: what a server may use; by default the kata's limits.
        traceable: whether a profiler may attach to the servers.

    Attributes:
        kata: as passed.
        run_dir: the temporary folder for everything else.
        folders: the folders of solution and reference, each with an `app.py`.
        launchers: fork the servers.
        services: the services of the kata.
    """

    run_dir: Path
    folders: Mapping[Subject, Path]
    launchers: Launchers
    services: KataServices

    def __init__(
        self,
        kata: Kata,
        sandbox: SandboxMode = SandboxMode.AUTO,
        *,
        resources: Resources | None = None,
        traceable: bool = False,
    ) -> None:
        self.kata = kata
        self._sandbox = sandbox
        self._resources = resources or kata.limits.resources
        self._traceable = traceable
        self._stack = contextlib.ExitStack()
        self._is_started = False

    def __enter__(self) -> Self:
        """Create the folders.

        Raises:
            BrokenError: they cannot be created, or the kata's reference cannot be read.
        """
        raise_descriptor_limit()
        try:
            self.run_dir = self._stack.enter_context(temporary_run_dir())
            self.folders = self._make_folders()
            self.services = KataServices(self.kata, self.run_dir)
            self.launchers = self._stack.enter_context(
                Launchers(self.run_dir, {one: self._plan(one) for one in self.folders})
            )
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _make_folders(self) -> dict[Subject, Path]:
        folders = {Subject.SOLUTION: self.run_dir / Subject.SOLUTION.value}
        folders[Subject.SOLUTION].mkdir()
        if self.kata.reference.is_file():
            folders[Subject.REFERENCE] = self.run_dir / Subject.REFERENCE.value
            try:
                take_in(self.kata.reference.resolve(), folders[Subject.REFERENCE])
            except SolutionError as error:
                raise KataPackageError(
                    f"The kata's reference cannot be used: {error.message}",
                    "Tell the kata's author.",
                ) from error
        return folders

    def _plan(self, subject: Subject) -> LauncherPlan:
        return LauncherPlan(
            visible=(self.folders[subject], *self.services.shared_folders),
            warm=self.services.warm,
            resources=self._resources,
            sandbox=self._sandbox,
            traceable=self._traceable,
        )

    def take_in(self, solution: Path) -> None:
        """Replace the previous solution with a copy of this one.

        Args:
            solution: a file, a folder with an `app.py`, or an archive.

        Raises:
            SolutionError: the solution cannot be read.
            HarnessError: the previous solution cannot be removed.
        """
        folder = self.folders[Subject.SOLUTION]
        remove_contents(folder)
        take_in(solution, folder)

    def start(self) -> None:
        """Start the solution's launcher and the services without waiting until they are ready. Further calls do
        nothing.

        Raises:
            BrokenError: a process cannot be started.
        """
        if not self._is_started:
            # The launcher starts first: its imports are slow, and run while the grader imports its own modules.
            self.launchers.of(Subject.SOLUTION)
            self._stack.enter_context(self.services.started())
            self._is_started = True

    @property
    def without_sandbox(self) -> str:
        """Why there is no sandbox; empty if there is one."""
        return self.launchers.of(Subject.SOLUTION).without_sandbox

    def require_alive(self) -> None:
        """Raise an error unless all its processes still run; does nothing before `start`.

        Raises:
            HarnessError: a process has exited.
        """
        if self._is_started and (
            self.launchers.of(Subject.SOLUTION).has_ended() or self.services.have_ended()
        ):
            raise HarnessError(
                "A process that was started for the grading has exited.",
                "Grade again; if it recurs, please report it.",
            )
