"""`grade()`: the one way from a kata and a solution to a report."""

import contextlib
import os
import platform
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Protocol, Self

from grader.catalog.manifest import Kata
from grader.errors import BrokenError, EvidenceFileError, GraderError, HarnessError, SolutionError
from grader.evidence.files import load_run, save_run
from grader.evidence.model import Run, Subject
from grader.harness.files import FILES
from grader.harness.launcher import LauncherPlan, Launchers
from grader.harness.postgres import WARM, Cluster, needed_cluster
from grader.harness.rundir import remove_contents, temporary_run_dir
from grader.harness.sandbox import SandboxMode
from grader.harness.watch import Clock
from grader.judge.decide import judge_run
from grader.report import CheckResult, GraderInfo, Outcome, Report
from grader.workspace.solution import take_in

if TYPE_CHECKING:
    from grader.checks.plugin import CheckRun

DISTRIBUTION = "fastapi-katas"

DESCRIPTORS = 4096
"""So many open files and connections are enough for any grading."""


class Observer(Protocol):
    """Is told how a grading goes, for a live display."""

    def check_begins(self, title: str) -> None:
        """A check begins."""

    def check_ends(self, result: CheckResult) -> None:
        """A check has its result."""


class Silence:
    """An observer that says nothing."""

    def check_begins(self, title: str) -> None:
        """Nothing."""

    def check_ends(self, result: CheckResult) -> None:
        """Nothing."""


@dataclass(frozen=True)
class Settings:
    """How to grade.

    Attributes:
        runs_folder: where the evidence is saved; None to save none.
        observer: is told how it goes.
        cuts_off: whether a burst may be cut off once it is certain that it misses its limit; without that every
            burst is measured whole.
        raises_broken: what broke the grading is raised even when some checks have been tried already.
        sandbox: whether the solution runs in one.
        stops_early: no further check is tried when one has failed.
    """

    runs_folder: Path | None = None
    observer: Observer = field(default_factory=Silence)
    cuts_off: bool = True
    raises_broken: bool = False
    sandbox: SandboxMode = SandboxMode.AUTO
    stops_early: bool = False


def grade(kata: Kata, solution: Path, settings: Settings | None = None) -> Report:
    """Grade one solution of one kata.

    Args:
        kata: from the catalog.
        solution: a file, or a folder with an `app.py`.
        settings: how; defaults suit a program.

    Raises:
        SolutionError: there is nothing that could be graded.
        BrokenError: the grader, the kata or this machine failed before any check could begin.
    """
    settings, begun = settings or Settings(), Beginning()
    with temporary_run_dir() as run_dir:
        take_in(solution, run_dir / Subject.SOLUTION.value)
        with _ground(kata, run_dir, settings) as ground:
            checks = _run_checks(kata, ground, begun.clock, settings)
    return _concluded(kata, solution, begun, ground, checks, settings)


def grade_on_demand(kata: Kata, solution: Path, settings: Settings, until_wanted: Callable[[], None]) -> Report:
    """Grade like `grade`, but make everything ready first, so that the first check begins as soon as the solution is to be read.

    Args:
        kata: from the catalog.
        solution: a file, or a folder with an `app.py`; read when it is wanted and not before.
        settings: how.
        until_wanted: called when everything is ready; returns when the solution is to be graded. What it raises ends the grading.

    Raises:
        SolutionError: there is nothing that could be graded.
        BrokenError: the grader, the kata or this machine failed before any check could begin, or what was ready has ended meanwhile.
    """
    with temporary_run_dir() as run_dir:
        folder = run_dir / Subject.SOLUTION.value
        folder.mkdir()
        with _ground(kata, run_dir, settings) as ground:
            until_wanted()
            begun = Beginning()
            ground.need_alive()
            take_in(solution, folder)
            checks = _run_checks(kata, ground, begun.clock, settings)
    return _concluded(kata, solution, begun, ground, checks, settings)


class Beginning:
    """When a grading began, by the calendar and by its own clock."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC).isoformat()
        self.clock = Clock()


@dataclass(frozen=True)
class Ground:
    """What stands ready for the checks of one grading.

    Attributes:
        folders: where the `app.py` of the solution and of the reference are, or will be.
        launchers: that of the solution is running.
        cluster: PostgreSQL, if the kata needs one.
        without_sandbox: why there is no sandbox; empty when there is one.
    """

    folders: dict[Subject, Path]
    launchers: Launchers
    cluster: Cluster | None
    without_sandbox: str

    def need_alive(self) -> None:
        """Make sure that nothing of it has ended since it was made.

        Raises:
            HarnessError: something has.
        """
        database = self.cluster.process if self.cluster is not None else None
        if self.launchers.of(Subject.SOLUTION).has_ended() or (database is not None and database.poll() is not None):
            raise HarnessError("A process that stood ready for the grading has ended.", "Grade again; if it recurs, please report it.")


@contextlib.contextmanager
def _ground(kata: Kata, run_dir: Path, settings: Settings) -> Iterator[Ground]:
    allow_descriptors()
    folders = {Subject.SOLUTION: run_dir / Subject.SOLUTION.value}
    if kata.reference.is_file():
        folders[Subject.REFERENCE] = take_in(kata.reference.resolve(), run_dir / Subject.REFERENCE.value)
    (run_dir / FILES).mkdir(mode=0o711)
    with Launchers(run_dir, _plans(kata, folders, run_dir / FILES, settings)) as launchers:
        # Its imports begin now, beside the grader's own.
        without_sandbox = launchers.of(Subject.SOLUTION).without_sandbox
        with needed_cluster(kata, run_dir) as cluster:
            yield Ground(folders, launchers, cluster, without_sandbox)


class Series:
    """Grades solutions of one kata one after another with the same launchers, which have imported everything already.

    Each check still gets a fresh server, but what one solution leaves in the sandbox's `/tmp` the next one finds: so this is for the
    examples of a kata, which have one author, and for nobody's homework.

    Args:
        kata: from the catalog.
        settings: how.
    """

    def __init__(self, kata: Kata, settings: Settings) -> None:
        self._kata = kata
        self._settings = settings
        self._stack = contextlib.ExitStack()
        self._ground: Ground | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._clear()

    def grade(self, solution: Path, *, stops_early: bool | None = None) -> Report:
        """Grade the next solution; raises what `grade` does.

        Args:
            solution: a file, or a folder with an `app.py`.
            stops_early: for this one, instead of what the settings say.
        """
        begun = Beginning()
        settings = self._settings if stops_early is None else replace(self._settings, stops_early=stops_early)
        try:
            ground = self._standing()
            folder = ground.folders[Subject.SOLUTION]
            remove_contents(folder)
            take_in(solution, folder)
            checks = _run_checks(self._kata, ground, begun.clock, settings)
            return _concluded(self._kata, solution, begun, ground, checks, settings)
        except SolutionError:
            raise
        except BaseException:
            self._clear()  # whatever it was, the next one does not meet it
            raise

    def _standing(self) -> Ground:
        if self._ground is not None:
            try:
                self._ground.need_alive()
            except HarnessError:
                self._clear()
        if self._ground is None:
            run_dir = self._stack.enter_context(temporary_run_dir())
            (run_dir / Subject.SOLUTION.value).mkdir()
            self._ground = self._stack.enter_context(_ground(self._kata, run_dir, self._settings))
        return self._ground

    def _clear(self) -> None:
        self._ground = None
        self._stack.close()


def _concluded(kata: Kata, solution: Path, begun: Beginning, ground: Ground, checks: "CheckRun", settings: Settings) -> Report:
    if checks.error is not None and (settings.raises_broken or not any(record.attempts for record in checks.records)):
        raise checks.error
    run = _run(kata, solution, begun, checks, ground.without_sandbox)
    return _report(kata, run, *_save(run, settings.runs_folder))


def _save(run: Run, folder: Path | None) -> tuple[Path | None, str]:
    """Where the run was saved, and why it was not: a full disk takes the evidence from the learner, and not the verdict."""
    if folder is None:
        return None, ""
    try:
        return save_run(run, folder), ""
    except EvidenceFileError as error:
        return None, error.message


def allow_descriptors() -> None:
    """Let this process have as many descriptors as the system allows it: a solution that floods it with connections is to run out first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < min(hard, DESCRIPTORS):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS), hard))


def _plans(kata: Kata, folders: Mapping[Subject, Path], files: Path, settings: Settings) -> dict[Subject, LauncherPlan]:
    warm = WARM if "postgres" in kata.services else ()
    shared = (files,) if "files" in kata.services else ()
    return {
        subject: LauncherPlan(visible=(folder, *shared), warm=warm, resources=kata.limits.resources, sandbox=settings.sandbox)
        for subject, folder in folders.items()
    }


def _run_checks(kata: Kata, ground: Ground, clock: Clock, settings: Settings) -> "CheckRun":
    # Late on purpose: pytest takes 140 ms to import, during which the launcher imports too, on another core.
    import anyio.pytest_plugin
    import pytest

    from grader.checks.plugin import CheckRun
    from grader.checks.stage import Stage

    stage, observer = Stage(kata, ground.launchers, ground.cluster, settings.cuts_off, settings.stops_early), settings.observer
    checks = CheckRun(stage, ground.folders, clock, observer.check_begins, observer.check_ends)
    arguments = [
        str(kata.checks),
        "--disable-plugin-autoload",
        "--noconftest",
        "--import-mode=importlib",
        "--assert=plain",
        "--anyio-mode=auto",
        f"--rootdir={kata.folder}",
        f"--config-file={os.devnull}",
        "--override-ini=python_files=checks.py",
        "-p", "no:cacheprovider",
        "-p", "no:capture",
        "-p", "no:logging",
        "-p", "no:warnings",
        "-p", "no:faulthandler",
        "-p", "no:terminal",
        "-p", "no:unraisableexception",
        "-p", "no:threadexception",
    ]  # fmt: skip
    if not kata.checks.is_file():
        raise BrokenError(f"The kata {kata.slug} has no checks.py.", "This is a fault of the kata; tell its author.")
    with _signals_interrupt(checks), _forgotten_module(kata.checks):
        code = pytest.main(arguments, plugins=[anyio.pytest_plugin, checks])
    if code == pytest.ExitCode.INTERRUPTED and checks.error is None:
        raise KeyboardInterrupt
    if code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR) and checks.error is None:
        raise GraderError("The checks could not be run: pytest failed.", "This is a bug of the grader; please report it.")
    return checks


@contextlib.contextmanager
def _forgotten_module(file: Path) -> Iterator[None]:
    """Forget the module of a kata's checks afterwards, so that it is not taken for another kata's, or an older state."""
    try:
        yield
    finally:
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) == str(file):
                del sys.modules[name]


@contextlib.contextmanager
def _signals_interrupt(checks: "CheckRun") -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the check under way in order; a SIGTERM then goes on to who handled it before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        checks.interrupt()

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if signal.SIGTERM in seen:
            signal.raise_signal(signal.SIGTERM)


def grader_info() -> GraderInfo:
    """Which grader this is, on which machine."""
    return GraderInfo(version=version(DISTRIBUTION), python=platform.python_version(), cores=os.cpu_count() or 1)


def replay(kata: Kata, run_file: Path) -> Report:
    """Judge a saved run again: the same evidence, the same rule, no server.

    Raises:
        EvidenceFileError: the run cannot be read.
    """
    return _report(kata, load_run(run_file), run_file)


def _run(kata: Kata, solution: Path, begun: Beginning, checks: "CheckRun", without_sandbox: str) -> Run:
    info = grader_info()
    return Run(
        kata=kata.slug,
        solution=os.fsencode(solution).decode(errors="replace"),
        began_at=begun.at,
        duration_s=begun.clock.now(),
        grader_version=info.version,
        python=info.python,
        cores=info.cores,
        without_sandbox=without_sandbox,
        out_of_time=checks.out_of_time,
        checks=tuple(checks.records),
    )


def _report(kata: Kata, run: Run, run_file: Path | None, unsaved: str = "") -> Report:
    verdict, results = judge_run(run.checks, out_of_time=run.out_of_time)
    return Report(
        kata=kata.slug,
        title=kata.title,
        solution=run.solution,
        verdict=verdict,
        duration_s=run.duration_s,
        checks=results,
        grader=GraderInfo(version=run.grader_version, python=run.python, cores=run.cores),
        because=_because(kata, results),
        run_file=str(run_file or ""),
        without_sandbox=run.without_sandbox,
        unsaved=unsaved,
    )


def _because(kata: Kata, results: tuple[CheckResult, ...]) -> str:
    """The sentence of the one mistake that fails exactly the checks that failed or could not run; empty when there are none or several."""
    failed = {result.name for result in results if result.outcome in (Outcome.FAILED, Outcome.NOT_RUN)}
    sentences = {mistake.because for mistake in kata.mistakes if set(mistake.fails) == failed}
    return sentences.pop() if len(sentences) == 1 else ""
