"""Runs a kata's `checks.py` with pytest, in this process and without the user's pytest configuration."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.catalog.manifest import Kata
from grader.checks.plugin import CheckRun
from grader.checks.stage import Stage
from grader.errors import BrokenError, GraderError
from grader.grading.environment import Environment
from grader.grading.interruption import signals_interrupt
from grader.grading.observer import Observer
from grader.measure.timing import Clock

DISABLED_PLUGINS = (
    "cacheprovider",
    "capture",
    "logging",
    "warnings",
    "faulthandler",
    "terminal",
    "unraisableexception",
    "threadexception",
)
"""Plugins of pytest that write files, print to the terminal, or report failures that no check caused."""


def run_checks_in(
    environment: Environment,
    clock: Clock,
    observer: Observer,
    *,
    cuts_off: bool = True,
    stops_early: bool = False,
) -> CheckRun:
    """Run all checks of a kata against the solution in this environment.

    Args:
        environment: started, with the solution.
        clock: of the grading.
        observer: is notified when checks begin and end.
        cuts_off: whether a burst may be cut off once it is certain to miss its limit.
        stops_early: whether the first failed check ends the grading.

    Returns:
        the records and results of the checks, and the error that ended them, if any.

    Raises:
        BrokenError, GraderError, KeyboardInterrupt: see `run_checks`.
    """
    kata = environment.kata
    stage = Stage(kata, environment.launchers, environment.services, cuts_off, stops_early)
    checks = CheckRun(stage, environment.folders, clock, observer.check_begins, observer.check_ends)
    with signals_interrupt(checks.interrupt):
        run_checks(kata, checks)
    return checks


def run_checks(kata: Kata, checks: CheckRun) -> None:
    """Run the checks of a kata until they are finished or interrupted.

    Args:
        kata: the kata.
        checks: the plugin that runs them and collects their results.

    Raises:
        BrokenError: the kata has no checks.
        GraderError: pytest itself failed, by a bug of the grader.
        KeyboardInterrupt: the checks were interrupted.
    """
    if not kata.checks.is_file():
        raise BrokenError(
            f"The kata {kata.slug} has no checks.py.",
            "This is a fault of the kata; tell its author.",
        )
    with _forgotten_module(kata.checks):
        code = pytest.main(_arguments(kata), plugins=[checks])
    if code == pytest.ExitCode.INTERRUPTED and checks.error is None:
        raise KeyboardInterrupt
    if (
        code in (pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR)
        and checks.error is None
    ):
        raise GraderError(
            "The checks could not be run: pytest failed.",
            "This is a bug of the grader; please report it.",
        )


def _arguments(kata: Kata) -> list[str]:
    return [
        str(kata.checks),
        "--disable-plugin-autoload",
        "--noconftest",
        "--import-mode=importlib",
        "--assert=plain",
        f"--rootdir={kata.folder}",
        f"--config-file={os.devnull}",
        "--override-ini=python_files=checks.py",
        *(word for name in DISABLED_PLUGINS for word in ("-p", f"no:{name}")),
    ]


@contextlib.contextmanager
def _forgotten_module(file: Path) -> Iterator[None]:
    """Remove the module of a kata's checks from `sys.modules` afterwards, so that neither another kata nor a later
    version of this one reuses it.
    """
    try:
        yield
    finally:
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) == str(file):
                del sys.modules[name]
