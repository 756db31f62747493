"""What the arguments of a command name: a kata, a solution, a workspace."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import Catalog, find_catalog
from grader.errors import NoWorkspace, UnknownKata, UsageError
from grader.workspace.handout import hand_out
from grader.workspace.progress import State, Workspace, make_workspace
from grader.workspace.target import (
    command_of,
    recently_finished_slug,
    target_of,
    workspace_of,
)

MakeKata = Callable[..., Path]


@pytest.fixture
def katas(make_kata: MakeKata) -> Path:
    """Two katas."""
    make_kata("first")
    return make_kata("second")


@pytest.fixture
def catalog(katas: Path) -> Catalog:
    return find_catalog(katas)


@pytest.fixture
def play(tmp_path: Path, catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The current folder: a workspace in which the first kata was handed out."""
    folder = tmp_path / "play"
    folder.mkdir()
    workspace = make_workspace(folder)
    hand_out(catalog.kata("first"), workspace, {})
    monkeypatch.chdir(folder)
    return workspace


def test_without_arguments_the_current_kata_is_meant(katas: Path, play: Workspace) -> None:
    target = target_of(None, None, katas)
    assert (target.kata.slug, target.path) == ("first", play.root / "first")
    assert (target.command, target.workspace) == ("kata check", play)
    assert target.runs_folder == play.runs_folder


def test_in_the_folder_of_a_kata_that_kata_is_meant(
    katas: Path, play: Workspace, catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_out(catalog.kata("second"), play, {})
    monkeypatch.chdir(play.root / "second")
    assert target_of(None, None, katas).kata.slug == "second"
    assert target_of("first", None, katas).kata.slug == "first"


def test_a_path_needs_no_workspace_and_changes_none(
    katas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = target_of("first", Path("my app.py"), katas)
    assert (target.workspace, target.runs_folder) == (None, None)
    assert target.command == "kata check first --solution 'my app.py'"
    with pytest.raises(UsageError, match="needs a workspace"):
        workspace_of(target)


def test_runs_of_a_path_are_saved_in_the_workspace_around(katas: Path, play: Workspace) -> None:
    target = target_of("first", Path("app.py"), katas)
    assert (target.workspace, target.runs_folder) == (None, play.runs_folder)


def test_a_folder_of_a_path_may_name_the_kata(katas: Path, play: Workspace) -> None:
    assert target_of(None, Path("second/app.py"), katas).kata.slug == "second"
    with pytest.raises(UsageError, match=r"not clear which kata app\.py is for"):
        target_of(None, Path("app.py"), katas)


def test_a_misspelt_slug_is_reported_before_a_missing_workspace(
    katas: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnknownKata):
        target_of("frist", None, katas)
    with pytest.raises(NoWorkspace):
        target_of("first", None, katas)


def test_a_kata_that_was_not_handed_out_is_refused(katas: Path, play: Workspace) -> None:
    with pytest.raises(UsageError, match="second has not been handed out"):
        target_of("second", None, katas)


def test_when_all_are_finished_the_error_says_how_to_name_one(katas: Path, play: Workspace) -> None:
    for slug in ("first", "second"):
        play.set_state(slug, State.PASSED, {})
    with pytest.raises(UsageError) as caught:
        target_of(None, None, katas, "watch")
    assert caught.value.hint == "Name one: kata watch SLUG"


def test_right_after_a_pass_commands_look_back_on_the_kata_just_passed(
    katas: Path, play: Workspace, catalog: Catalog
) -> None:
    assert recently_finished_slug(katas) is None
    play.set_state("first", State.PASSED, {})
    assert recently_finished_slug(katas) == "first"
    hand_out(catalog.kata("second"), play, {})
    assert recently_finished_slug(katas) is None


def test_a_command_is_written_as_the_learner_named_its_kata() -> None:
    assert command_of("hint", None) == "kata hint"
    assert command_of("hint", "first", "--all") == "kata hint first --all"
