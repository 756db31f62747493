"""Going back to the starter loses nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from grader.catalog.manifest import Kata, read_manifest
from grader.errors import ProgressFileError, SolutionError
from grader.solution.solution import take_in
from grader.workspace import backup
from grader.workspace.backup import reset

NOW = datetime(2026, 11, 23, 5, 38, 0)
NAME = "app.2026-11-23T05-38-00.py"


@pytest.fixture
def tiny(make_kata: Callable[..., Path]) -> Kata:
    return read_manifest(make_kata() / "tiny")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "play"
    folder.mkdir()
    return folder


def test_the_file_is_kept_beside_the_starter_under_a_name_that_says_when(
    tiny: Kata, folder: Path
) -> None:
    (folder / "app.py").write_text("mine")
    done = reset(tiny, folder, NOW)
    assert (done.is_done, done.backup) == (True, folder / NAME)
    assert (folder / NAME).read_text() == "mine"
    assert (folder / "app.py").read_bytes() == tiny.starter.read_bytes()


def test_a_backup_is_never_overwritten(tiny: Kata, folder: Path) -> None:
    for text in ("one", "two", "three"):
        (folder / "app.py").write_text(text)
        reset(tiny, folder, NOW)
    assert {path.name: path.read_text() for path in folder.glob("app.2*")} == {
        NAME: "one",
        "app.2026-11-23T05-38-00-2.py": "two",
        "app.2026-11-23T05-38-00-3.py": "three",
    }


def test_where_the_file_system_has_no_hard_links_a_backup_is_kept_all_the_same(
    tiny: Kata, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, target: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    for text in ("one", "two"):
        (folder / "app.py").write_text(text)
        reset(tiny, folder, NOW)
    assert sorted(path.read_text() for path in folder.glob("app.2*")) == ["one", "two"]
    assert not list(folder.glob(".saving-*"))


def test_the_starter_itself_is_left_as_it_is(tiny: Kata, folder: Path) -> None:
    (folder / "app.py").write_bytes(tiny.starter.read_bytes())
    assert not reset(tiny, folder, NOW).is_done
    assert [path.name for path in folder.iterdir()] == ["app.py"]


def test_a_deleted_file_comes_back_without_a_backup(tiny: Kata, folder: Path) -> None:
    done = reset(tiny, folder, NOW)
    assert (done.is_done, done.backup) == (True, None)
    assert (folder / "app.py").exists()


def test_of_a_link_the_text_is_kept_and_the_target_not_touched(
    tiny: Kata, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere.py").write_text("mine")
    (folder / "app.py").symlink_to(tmp_path / "elsewhere.py")
    reset(tiny, folder, NOW)
    assert (folder / NAME).read_text() == (tmp_path / "elsewhere.py").read_text() == "mine"
    assert not (folder / "app.py").is_symlink()


def test_a_folder_of_that_name_is_refused(tiny: Kata, folder: Path) -> None:
    (folder / "app.py").mkdir()
    with pytest.raises(SolutionError, match="is not a file"):
        reset(tiny, folder, NOW)


@pytest.mark.parametrize("step", ["write_new", "write_whole"])
def test_a_full_disk_leaves_the_file_unchanged(
    tiny: Kata, folder: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def full(path: Path, data: bytes, mode: int = 0) -> None:
        raise OSError(28, "No space left on device")

    (folder / "app.py").write_text("mine")
    monkeypatch.setattr(backup, step, full)
    with pytest.raises(ProgressFileError, match="cannot be reset: No space left on device"):
        reset(tiny, folder, NOW)
    assert (folder / "app.py").read_text() == "mine"


def test_the_mode_is_that_of_a_file_handed_out(tiny: Kata, folder: Path) -> None:
    before = os.umask(0o022)
    try:
        (folder / "app.py").write_text("mine")
        reset(tiny, folder, NOW)
    finally:
        os.umask(before)
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}


def test_backups_are_not_graded_however_many_there_are(
    tiny: Kata, folder: Path, tmp_path: Path
) -> None:
    for number in range(2, 700):
        (folder / f"app.2026-11-23T05-38-00-{number}.py").touch()
    (folder / NAME).touch()
    (folder / ".saving-0123456789abcdef").touch()
    (folder / "app.py").write_text("mine")
    (folder / "app.final.py").touch()
    copy = take_in(folder, tmp_path / "copy")
    assert sorted(path.name for path in copy.iterdir()) == ["app.final.py", "app.py"]


RESETTER = """
import sys
from datetime import datetime
from pathlib import Path
from grader.catalog.manifest import read_manifest
from grader.workspace.backup import reset
kata, folder = read_manifest(Path(sys.argv[1])), Path(sys.argv[2])
print("ready", flush=True)
while True:
    reset(kata, folder, datetime.now())
    if not (folder / "app.py").read_text().startswith("mine"):
        (folder / "other.py").write_text("mine " * 50_000)
        (folder / "other.py").replace(folder / "app.py")
"""


def test_whenever_it_is_killed_nothing_is_lost(tiny: Kata, folder: Path) -> None:
    mine = "mine " * 50_000
    for delay_s in (0.0, 0.004, 0.009, 0.015):
        (folder / "app.py").write_text(mine)
        process = subprocess.Popen(
            [sys.executable, "-c", RESETTER, str(tiny.folder), str(folder)],
            stdout=subprocess.PIPE,
            cwd=Path.cwd(),
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(delay_s)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert (folder / "app.py").read_text() in (mine, tiny.starter.read_text())
        assert all(path.read_text() == mine for path in folder.glob("app.2*"))
        assert (folder / "app.py").read_text() == mine or list(folder.glob("app.2*"))
