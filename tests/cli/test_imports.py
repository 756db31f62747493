"""What each command imports, and `kata --help` does not."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import HANG_S

IMPORTED = """
import sys
before = set(sys.modules)  # what this interpreter has by itself, such as a debugger's hooks
from grader.cli.start import run
try:
    run()
finally:
    print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


GRADES = {
    "grader.grading",
    "grader.checks",
    "grader.authoring",
    "grader.checks.server",
    "pytest",
    "anyio",
    "asyncio",
    "psutil",
    "rich.progress",
}


REPORTS = {
    "grader.catalog.manifest",
    "grader.evidence",
    "grader.judge",
    "grader.report",
    "grader.render.terminal.report",
    "grader.render.wording",
    "grader.solution.solution",
    "msgspec",
    "rich.live",
}
"""What reads whole katas and solutions, and shows gradings."""


SLOW = {"email", "hashlib", "importlib.metadata", "pydantic", "socket", "zipfile"}
"""What takes long to import, and comes along easily."""


SHOWS = {
    "grader.catalog",
    "grader.cli.actions",
    "grader.render",
    "grader.workspace",
    "json",
    "rich.console",
    "tomllib",
}
"""What a command needs that shows something of its own."""


Imported = Callable[..., set[str]]


@pytest.fixture
def imported(begun: Path, katas: Path) -> Imported:
    """The modules that are there when a command has run."""

    def imported_by(*command: str) -> set[str]:
        environ = {**os.environ, "KATA_PATH": str(katas)}
        done = subprocess.run(
            [sys.executable, "-c", IMPORTED, *command],
            cwd=begun,
            env=environ,
            capture_output=True,
            text=True,
            timeout=HANG_S,
            check=True,
        )
        return set(done.stderr.split())

    return imported_by


@pytest.mark.parametrize("command", [[], ["list"], ["hint"]])
def test_commands_that_do_not_grade_import_nothing_for_grading(
    imported: Imported, command: list[str]
) -> None:
    modules = imported(*command)
    assert "grader.render.terminal.screen" in modules
    assert modules & (GRADES | {"importlib.metadata", "pydantic"}) == set()


def test_a_list_imports_neither_reports_nor_readers_of_whole_katas(imported: Imported) -> None:
    modules = imported("list")
    assert modules >= SHOWS
    assert modules & (GRADES | REPORTS | SLOW) == set()


@pytest.mark.parametrize("command", [["--help"], ["check", "--help"]])
def test_help_imports_only_the_declarations_of_commands(
    imported: Imported, command: list[str]
) -> None:
    modules = imported(*command)
    assert "grader.cli.learner" in modules
    assert modules & (GRADES | REPORTS | SLOW | SHOWS) == set()
