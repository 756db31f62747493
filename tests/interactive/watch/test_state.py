"""What a watch knows: whether a grading is due, whether the files passed, and why it ended."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import find_catalog
from grader.errors import NoWorkspace
from grader.interactive.watch.file_watcher import WorkspaceGone
from grader.interactive.watch.messages import Signalled
from grader.interactive.watch.state import WatchState
from grader.render.terminal.watch import WatchScreen
from grader.workspace.handout import hand_out
from grader.workspace.progress import make_workspace
from grader.workspace.target import Target
from tests.render.hostile import screen_output


@pytest.fixture
def state(make_kata: Callable[..., Path], tmp_path: Path) -> WatchState:
    """A watch of a kata that was handed out and has passed."""
    catalog = find_catalog(make_kata("first"))
    workspace = make_workspace(tmp_path)
    handout = hand_out(catalog.kata("first"), workspace, {})
    target = Target(
        catalog, handout.kata, handout.folder, "kata watch", workspace, workspace.runs_folder
    )
    return WatchState(target, has_passed=True)


def test_a_new_target_is_graded_at_once(state: WatchState) -> None:
    state.begin(state.target)
    assert (state.wanted, state.has_passed) == ("started", False)


def test_a_target_without_app_py_is_waited_for(state: WatchState) -> None:
    (state.target.path / "app.py").unlink()
    state.begin(state.target)
    assert state.wanted == ""


def test_a_file_that_is_gone_is_not_graded_and_has_not_passed(state: WatchState) -> None:
    state.wanted = "saved"
    with screen_output() as written:
        state.note_gone(WatchScreen())
    assert (state.wanted, state.has_passed) == ("", False)
    assert "first/app.py is gone. Waiting until it is back." in written.getvalue()


def test_a_signal_ends_the_watch_with_its_number(state: WatchState) -> None:
    state.end_with(Signalled(15))
    assert state.end == 15


def test_a_missing_workspace_ends_the_watch_with_an_error(state: WatchState) -> None:
    state.end_with(WorkspaceGone())
    assert isinstance(state.end, NoWorkspace)
    assert "nothing left to watch" in state.end.message
