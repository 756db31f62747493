"""The folder of a grading, and what becomes of folders that killed gradings left."""

import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from grader.harness.rundir import PREFIX, UNLOCKED_S, sweep, temporary_run_dir


def test_a_folder_is_gone_afterwards() -> None:
    with temporary_run_dir() as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_folder_in_use_is_left_alone() -> None:
    with temporary_run_dir() as folder:
        sweep(folder.parent)
        assert folder.is_dir()


def test_a_folder_whose_grading_was_killed_while_removing_it_is_removed(tmp_path: Path) -> None:
    old, new = tmp_path / f"{PREFIX}old", tmp_path / f"{PREFIX}new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "pids").write_text("1 0.0 9\nnonsense\n")
    long_ago = time.time() - 2 * UNLOCKED_S
    os.utime(old, (long_ago, long_ago))
    sweep(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [new.name]


def test_a_folder_that_is_only_just_being_made_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def make_some(_: int) -> bool:
        found = []
        for _ in range(100):
            with temporary_run_dir() as folder:
                found.append(folder.is_dir())
        return all(found)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(make_some, range(4))) == [True] * 4
