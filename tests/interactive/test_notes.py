"""What follows a verdict: a pass in the progress, and remarks that are made once."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from grader.catalog.find import find_catalog
from grader.interactive.notes import record_pass, warn_once_without_sandbox, warn_unsaved
from grader.process.sandbox import SandboxMode
from grader.render.terminal.screen import Screen
from grader.workspace.progress import State, Workspace, make_workspace
from grader.workspace.target import Target
from tests.cli.pretend import FAIL, PASS
from tests.render.hostile import screen_output


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return make_workspace(tmp_path)


def target(folder: Path, workspace: Workspace | None) -> Target:
    catalog = find_catalog(folder)
    return Target(catalog, catalog.kata("first"), folder, "kata check", workspace, None)


def test_only_a_pass_is_recorded(make_kata: Callable[..., Path], workspace: Workspace) -> None:
    folder = make_kata("first")
    record_pass(target(folder, workspace), FAIL.report)
    assert workspace.states({}) == {}
    record_pass(target(folder, workspace), PASS.report)
    assert workspace.states({}) == {"first": State.PASSED}


def test_a_pass_outside_a_workspace_is_recorded_nowhere(
    make_kata: Callable[..., Path], workspace: Workspace
) -> None:
    record_pass(target(make_kata("first"), None), PASS.report)
    assert not workspace.progress_file.exists()


def test_a_run_that_was_saved_needs_no_remark() -> None:
    with screen_output() as written:
        warn_unsaved(Screen(), "")
    assert written.getvalue() == ""


def test_a_run_that_was_not_saved_leaves_the_verdict_valid() -> None:
    with screen_output() as written:
        warn_unsaved(Screen(), "The disk is full.")
    assert "The disk is full. The run cannot be judged again" in written.getvalue()


def said(reason: str, mode: SandboxMode) -> str:
    """What is said of a grading without a sandbox, for this reason."""
    with screen_output() as written:
        warn_once_without_sandbox(Screen(), replace(PASS.report, without_sandbox=reason), mode)
    return " ".join(written.getvalue().split())


def test_a_missing_sandbox_is_mentioned_once_and_only_if_it_was_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert said("", SandboxMode.AUTO) == ""
    assert said("no bubblewrap", SandboxMode.OFF) == ""
    assert "There was no sandbox (no bubblewrap)" in said("no bubblewrap", SandboxMode.AUTO)
    assert said("no bubblewrap", SandboxMode.AUTO) == ""


def test_where_nothing_can_be_remembered_it_is_mentioned_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file, where the folder must be")
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda name: str(tmp_path / "cache" / name))
    for _ in range(2):
        assert "There was no sandbox" in said("no bubblewrap", SandboxMode.AUTO)
