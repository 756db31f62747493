"""Runs a kata's `checks.py` with pytest, inside of this process and without anything of the user's
own configuration.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio.pytest_plugin
import pytest

from grader.catalog.manifest import Kata
from grader.checks.fixtures import service_fixtures
from grader.checks.plugin import CheckRun
from grader.errors import BrokenError, GraderError

NOT_WANTED = (
    "cacheprovider",
    "capture",
    "logging",
    "warnings",
    "faulthandler",
    "terminal",
    "unraisableexception",
    "threadexception",
)
"""Plugins of pytest that write files or to the terminal, or turn what happens elsewhere into failures."""


def run_checks(kata: Kata, checks: CheckRun) -> None:
    """Run all checks of a kata, or those that come before an interruption.

    Args:
        kata: has the checks.
        checks: the plugin that runs them; it has the results afterwards.

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
        code = pytest.main(
            _arguments(kata),
            plugins=[anyio.pytest_plugin, checks.attempts, checks, service_fixtures()],
        )
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
        "--anyio-mode=auto",
        f"--rootdir={kata.folder}",
        f"--config-file={os.devnull}",
        "--override-ini=python_files=checks.py",
        *(word for name in NOT_WANTED for word in ("-p", f"no:{name}")),
    ]


@contextlib.contextmanager
def _forgotten_module(file: Path) -> Iterator[None]:
    """Forget the module of a kata's checks afterwards, so that it is not taken for another kata's, or
    an older state.
    """
    try:
        yield
    finally:
        for name, module in list(sys.modules.items()):
            if getattr(module, "__file__", None) == str(file):
                del sys.modules[name]
