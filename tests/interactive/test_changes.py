"""What a newer version changed is shown once; only open katas get the details."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import Catalog, find_catalog
from grader.interactive.changes import show_changes
from grader.render.terminal.workspace import WorkspaceScreen
from grader.workspace.handout import hand_out
from grader.workspace.progress import State, Workspace, make_workspace
from tests.render.hostile import screen_output


@pytest.fixture
def catalog(make_kata: Callable[..., Path]) -> Catalog:
    make_kata("first")
    return find_catalog(make_kata("second"))


@pytest.fixture
def workspace(catalog: Catalog, tmp_path: Path) -> Workspace:
    """Both katas were handed out; afterwards their READMEs changed."""
    (tmp_path / "play").mkdir()
    workspace = make_workspace(tmp_path / "play")
    for slug in ("first", "second"):
        hand_out(catalog.kata(slug), workspace, {})
        catalog.kata(slug).readme.write_text("# Another")
    return workspace


def told(catalog: Catalog, workspace: Workspace, slug: str | None = None) -> str:
    with screen_output() as written:
        show_changes(WorkspaceScreen(), catalog, workspace, slug)
    return " ".join(written.getvalue().split())


def test_each_change_is_shown_once(catalog: Catalog, workspace: Workspace) -> None:
    shown = told(catalog, workspace)
    assert "first has changed since it was handed out." in shown
    assert "second has changed since it was handed out." in shown
    assert (workspace.root / "first" / "README.new.md").read_text() == "# Another"
    assert told(catalog, workspace) == ""


def test_one_kata_alone_leaves_the_others_for_later(catalog: Catalog, workspace: Workspace) -> None:
    assert "second" not in told(catalog, workspace, "first")
    assert "second has changed" in told(catalog, workspace)


def test_a_passed_kata_gets_one_line_and_no_new_readme(
    catalog: Catalog, workspace: Workspace
) -> None:
    workspace.set_state("first", State.PASSED, {})
    shown = told(catalog, workspace, "first")
    assert shown == "Changed since you passed them (they still count as passed): first."
    assert not (workspace.root / "first" / "README.new.md").exists()


def test_changes_that_cannot_be_recorded_are_shown_again(
    catalog: Catalog, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = workspace.root / ".kata" / "lock"
    lock.unlink()
    lock.mkdir()
    for _ in range(2):
        assert "first has changed" in told(catalog, workspace)
