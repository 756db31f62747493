"""The environment of a kata's gradings: what it starts, what it notices, and that it leaves nothing behind."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from grader.catalog.manifest import Kata
from grader.errors import HarnessError
from grader.evidence.run import Subject
from grader.grading.environment import Environment
from grader.process.sandbox import SandboxMode
from tests.grading.processes import end, started_since

MakeKata = Callable[..., Path]


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, empty at first."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_an_environment_runs_nothing_before_it_is_started_and_leaves_nothing(
    tiny: Kata, temporary: Path, before: set[psutil.Process]
) -> None:
    with Environment(tiny) as environment:
        assert environment.run_dir.is_relative_to(temporary)
        assert not started_since(before)
        environment.start()
        environment.start()
        assert started_since(before)
    assert not started_since(before)
    assert not list(temporary.iterdir())


def test_each_solution_replaces_the_previous_one(tiny: Kata, tmp_path: Path) -> None:
    first = tmp_path / "first"
    first.mkdir()
    (first / "app.py").write_text("1")
    (first / "helper.py").write_text("")
    (tmp_path / "second.py").write_text("2")
    with Environment(tiny) as environment:
        folder = environment.folders[Subject.SOLUTION]
        environment.take_in(first)
        environment.take_in(tmp_path / "second.py")
        assert {path.name: path.read_text() for path in folder.iterdir()} == {"app.py": "2"}


def test_a_launcher_that_has_exited_is_noticed(tiny: Kata) -> None:
    with Environment(tiny, SandboxMode.OFF) as environment:
        environment.require_alive()
        environment.start()
        environment.require_alive()
        end({psutil.Process(pid) for pid in environment.launchers.pids})
        with pytest.raises(HarnessError, match="started for the grading has exited"):
            environment.require_alive()
