"""`kata report` in this process: which run it takes, where the page goes, and what it says."""

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from grader.cli.actions import report
from grader.errors import NoWorkspace, UnknownKata, UsageError
from grader.evidence.files import save_run
from grader.workspace.progress import Workspace, make_workspace
from tests.cli.commands import passes
from tests.render.runs import blocking_run, fixed_run

FAILED, PASSED = "sleepy-handler-20261123T081500", "sleepy-handler-20261123T082200"


@pytest.fixture
def katas(make_kata: Callable[..., Path]) -> Path:
    """A folder of katas whose names those of the saved runs are; one has a former name."""
    for slug in ("sleepy-handler", "second"):
        folder = make_kata(slug)
    (folder / "catalog.toml").write_text(
        '[[tier]]\nnumber = 1\ntitle = "All"\nkatas = ["sleepy-handler", "second"]\n'
        '[renamed]\ndrowsy = "sleepy-handler"\n'
    )
    return folder


@pytest.fixture
def workspace(play: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace with two saved runs of one kata, and this process in it."""
    workspace = make_workspace(play)
    for run in (blocking_run(), fixed_run()):
        save_run(run, workspace.runs_folder)
    monkeypatch.chdir(play)
    monkeypatch.setenv("COLUMNS", "300")
    return workspace


Report = Callable[..., str]


@pytest.fixture
def written(katas: Path, capsys: pytest.CaptureFixture[str]) -> Report:
    """Writes a page; returns what is shown."""

    def write(run: str | None = None, out: Path | None = None, *, opened: bool = False) -> str:
        report.write_report(run, out, katas, opened=opened)
        return capsys.readouterr().out

    return write


def test_in_a_workspace_the_last_run_goes_to_the_same_file_each_time(
    workspace: Workspace, written: Report
) -> None:
    shown = written()
    assert shown.startswith(f"The page of {PASSED}.json is .kata/report.html (")
    assert "type: kata report --open" in shown
    assert "Passed" in (workspace.root / ".kata" / "report.html").read_text()
    assert written("drowsy").startswith(f"The page of {PASSED}.json is .kata/report.html (")


def test_a_run_is_taken_by_its_file(workspace: Workspace, written: Report) -> None:
    shown = written(f".kata/runs/{FAILED}.json", Path("page.html"))
    assert shown.startswith(f"The page of {FAILED}.json is page.html (")
    assert "--open" not in shown


def test_outside_a_workspace_the_page_is_named_like_the_run(
    workspace: Workspace, written: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    written(str(workspace.runs_folder / f"{FAILED}.json"))
    assert (tmp_path / f"{FAILED}.html").exists()
    with pytest.raises(NoWorkspace):
        written()


def test_after_a_pass_the_last_run_is_that_of_the_kata_just_passed(
    workspace: Workspace, written: Report
) -> None:
    passes(workspace.root, "sleepy-handler")
    assert PASSED in written()


@pytest.mark.parametrize("folder", ["sleepy-handler", "drowsy"])
def test_in_a_katas_folder_its_runs_are_meant(
    workspace: Workspace, written: Report, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes(workspace.root, "sleepy-handler")
    later = blocking_run("2026-11-24T08:00:00.000000+00:00")
    save_run(replace(later, kata="second"), workspace.runs_folder)
    assert "The page of second-20261124T080000.json" in written()
    (workspace.root / folder).mkdir()
    monkeypatch.chdir(workspace.root / folder)
    assert f"The page of {PASSED}.json" in written()


def test_a_kata_without_a_run_has_no_page(workspace: Workspace, written: Report) -> None:
    with pytest.raises(UsageError, match="There is no saved run of second in ") as caught:
        written("second")
    assert caught.value.hint == "`kata check second` grades and saves one."
    with pytest.raises(UnknownKata, match="secnd"):
        written("secnd")


@pytest.mark.parametrize(
    ("why", "shown"),
    [("", "It is opening in your browser."), ("no browser", "in a browser: no browser. Copy it")],
)
def test_opening_the_page_is_reported(
    workspace: Workspace, written: Report, why: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Path] = []

    def open_in_browser(file: Path) -> str:
        opened.append(file)
        return why

    monkeypatch.setattr(report, "open_in_browser", open_in_browser)
    assert shown in written(opened=True)
    assert opened == [Path(".kata/report.html").absolute()]
