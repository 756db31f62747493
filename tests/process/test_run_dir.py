"""The folder of a grading, and cleaning up after gradings that were killed."""

import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.errors import HarnessError
from grader.process.run_dir import (
    NEW,
    PREFIX,
    UNFINISHED_S,
    sweep,
    temporary_base,
    temporary_run_dir,
)
from tests.waiting import wait_until


def test_a_folder_is_removed_afterwards() -> None:
    with temporary_run_dir() as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_folder_in_use_is_left_alone() -> None:
    with temporary_run_dir() as folder:
        sweep(folder.parent)
        assert folder.is_dir()


def test_a_folder_whose_grading_was_killed_while_removing_it_is_removed(tmp_path: Path) -> None:
    half_removed = tmp_path / f"{PREFIX}half"
    half_removed.mkdir()
    (half_removed / "pids").write_text("1 0.0 9\nnonsense\n")
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_never_finished_is_removed_when_it_is_old(tmp_path: Path) -> None:
    old, new = tmp_path / f"{NEW}{PREFIX}old", tmp_path / f"{NEW}{PREFIX}new"
    for folder in (old, new):
        folder.mkdir()
    long_ago = time.time() - 2 * UNFINISHED_S
    os.utime(old, (long_ago, long_ago))
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == [new]


def test_a_link_that_is_named_like_a_folder_is_left_alone_with_its_target(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("kept")
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "mine")
    sweep(tmp_path)
    assert (tmp_path / f"{PREFIX}link" / "notes.txt").read_text() == "kept"


KILLED_WHILE_COPYING = """
import os, signal, subprocess, sys
from grader.process.run_dir import temporary_run_dir

with temporary_run_dir() as folder:
    (folder / "endless").mkdir()
    os.mkfifo(folder / "pipe")
    subprocess.Popen(["cp", folder / "pipe", folder / "endless" / "copy"])  # waits until somebody writes
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_copy_that_is_running_after_its_grading_was_killed_is_ended(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_COPYING], env=environ, check=False)
    assert killed.returncode == -signal.SIGKILL
    wait_until(lambda: copies(tmp_path))
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert copies(tmp_path) == []


def copies(folder: Path) -> list[str]:
    """Command lines of copies in this folder that are running."""
    lines = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = " ".join(process.info["cmdline"] or ())
        if process.info["name"] == "cp" and str(folder) in words:
            lines.append(words)
    return lines


KILLED_WHILE_REMOVING = """
import os, shutil, signal, sys, tempfile
from grader.process.run_dir import temporary_run_dir

def kill_in_the_middle(path, **_):
    os.remove(path / sys.argv[1])
    os.kill(os.getpid(), signal.SIGKILL)

with temporary_run_dir() as folder:
    (folder / "solution").write_text("")
    shutil.rmtree = kill_in_the_middle
"""


@pytest.mark.parametrize("first", ["lock", "solution"])
def test_the_next_grading_removes_a_folder_whose_removal_was_interrupted_anywhere(
    tmp_path: Path, first: str
) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_WHILE_REMOVING, first], env=environ, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(list(tmp_path.iterdir())) == 1
    sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_temporary_folders_go_where_the_user_wants_them_without_a_trial_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_get_default_tempdir", pytest.fail)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "absent"))
    monkeypatch.setenv("TEMP", str(tmp_path))
    assert temporary_base() == tmp_path
    assert tempfile.gettempdir() == str(tmp_path)


def test_a_machine_without_a_usable_place_is_an_error_of_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(HarnessError, match="No temporary folder is writable"):
        temporary_base()


@pytest.mark.parametrize(
    "step", ["pathlib.Path.mkdir", "fcntl.flock", "pathlib.Path.rename", "pathlib.Path.chmod"]
)
def test_an_interruption_at_any_step_of_making_a_folder_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    module, _, name = step.rpartition(".")
    owner = Path if module == "pathlib.Path" else fcntl
    original = getattr(owner, name)

    def do_and_interrupt(*arguments: Any, **options: Any) -> None:
        original(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, do_and_interrupt)
        with pytest.raises(KeyboardInterrupt), temporary_run_dir():
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_being_made_right_now_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def make_some(_: int) -> bool:
        found = []
        for _ in range(100):
            with temporary_run_dir() as folder:
                found.append(folder.is_dir())
        return all(found)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(make_some, range(4))) == [True] * 4
