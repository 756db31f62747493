"""Handing out: starter and README arrive, and nothing of the learner's is overwritten."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata
from grader.catalog.readme import learners_readme
from grader.errors import ProgressFileError
from grader.workspace.handout import hand_out
from grader.workspace.progress import State, Workspace, make_workspace
from grader.workspace.upgrade import Part


@pytest.fixture
def kata(make_kata: Callable[..., Path]) -> Kata:
    return find_catalog(make_kata()).kata("tiny")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "play").mkdir()
    return make_workspace(tmp_path / "play")


def test_starter_and_readme_are_copied_and_the_kata_is_started(
    kata: Kata, workspace: Workspace
) -> None:
    handout = hand_out(kata, workspace, {})
    assert handout.is_new
    assert handout.folder == workspace.root / "tiny"
    assert (handout.folder / "app.py").read_bytes() == kata.starter.read_bytes()
    assert (handout.folder / "README.md").read_bytes() == learners_readme(kata.readme)
    assert "<!--" not in (handout.folder / "README.md").read_text()
    entry = workspace.entries({})["tiny"]
    assert entry.state is State.STARTED
    assert set(entry.known) == set(Part)


def test_a_second_time_nothing_is_written(kata: Kata, workspace: Workspace) -> None:
    app = hand_out(kata, workspace, {}).folder / "app.py"
    app.write_text("mine")
    assert not hand_out(kata, workspace, {}).is_new
    assert app.read_text() == "mine"


def test_a_deleted_file_comes_back_and_the_other_stays(kata: Kata, workspace: Workspace) -> None:
    folder = hand_out(kata, workspace, {}).folder
    (folder / "README.md").write_text("my notes")
    (folder / "app.py").unlink()
    assert hand_out(kata, workspace, {}).is_new
    assert (folder / "app.py").read_bytes() == kata.starter.read_bytes()
    assert (folder / "README.md").read_text() == "my notes"


def test_a_kata_under_a_former_slug_stays_in_its_folder(kata: Kata, workspace: Workspace) -> None:
    (workspace.root / "older").mkdir()
    assert hand_out(kata, workspace, {"older": "tiny"}).folder == workspace.root / "older"


def test_a_folder_that_cannot_be_written_is_reported(kata: Kata, workspace: Workspace) -> None:
    (workspace.root / "tiny").write_text("a file, where the folder must be")
    with pytest.raises(ProgressFileError, match="is not writable"):
        hand_out(kata, workspace, {})
