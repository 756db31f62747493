"""Diffs of a learner's folder: as patch reads them, bounded, whatever lies there."""

import os
import subprocess
from pathlib import Path

import pytest

from grader.errors import SolutionError
from grader.workspace.difference import LIMIT_FILES, differences_of_folders, read_lines, unified


@pytest.fixture
def old(tmp_path: Path) -> Path:
    folder = tmp_path / "starter"
    folder.mkdir()
    (folder / "app.py").write_text("one\ntwo\nthree\n")
    return folder


@pytest.fixture
def new(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "app.py").write_text("one\ntwo\nthree\n")
    return folder


def text_of(old: Path, new: Path) -> str:
    return "".join(
        f"{line}\n"
        for difference in differences_of_folders(old, new, "mine")
        for line in difference.lines
    )


def test_the_same_folders_do_not_differ(old: Path, new: Path) -> None:
    assert list(differences_of_folders(old, new, "mine")) == []


def test_patch_accepts_a_diff(old: Path, new: Path) -> None:
    (new / "app.py").write_text("one\n2\nthree\x0cand a half\n\nfour")
    (new / "helper.py").write_text("new\n")
    subprocess.run(["patch", "-p1", "-s"], cwd=old, input=text_of(old, new), text=True, check=True)
    assert {path.name: path.read_text() for path in old.iterdir()} == {
        path.name: path.read_text() for path in new.iterdir()
    }


def test_a_missing_line_end_is_a_difference(old: Path, new: Path) -> None:
    (new / "app.py").write_text("one\ntwo\nthree")
    assert text_of(old, new).endswith("-three\n+three\n\\ No newline at end of file\n")


def test_a_deleted_file_and_a_new_one_are_named_as_such(old: Path, new: Path) -> None:
    (new / "app.py").rename(new / "main.py")
    shown = text_of(old, new)
    assert "--- starter/app.py\n+++ /dev/null\n" in shown
    assert "--- /dev/null\n+++ mine/main.py\n" in shown


def test_texts_backups_and_files_of_tools_are_left_out(old: Path, new: Path) -> None:
    for name in (
        "README.md",
        "README.new.md",
        "app.2026-11-23T05-38-00.py",
        "__pycache__/app.pyc",
        ".git/config",
        ".venv/lib/x.py",
    ):
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        (new / name).write_text("x")
    assert list(differences_of_folders(old, new, "mine")) == []


def test_what_cannot_be_compared_is_named(old: Path, new: Path, tmp_path: Path) -> None:
    (new / "app.py").write_text("x = 1\n" * 6_000)
    (new / "data.bin").write_bytes(b"a\0b")
    (new / "gone.py").symlink_to(tmp_path / "nowhere")
    os.mkfifo(new / "pipe.py")
    notes = [difference.note for difference in differences_of_folders(old, new, "mine")]
    assert [note.rpartition("/")[2] for note in notes] == [
        "app.py is too large to compare.",
        "data.bin is not a text file.",
        "gone.py is not a file.",
        "pipe.py is not a file.",
    ]


def test_very_many_files_are_not_all_compared(old: Path, new: Path) -> None:
    for number in range(300):
        (new / f"file{number:03}.py").write_text("x\n")
    differences = list(differences_of_folders(old, new, "mine"))
    assert len(differences) == LIMIT_FILES
    assert (
        differences[-1].note
        == f"mine contains more than {LIMIT_FILES} files; the rest are not compared."
    )


def test_text_in_another_encoding_is_shown_as_far_as_it_can_be(tmp_path: Path) -> None:
    (tmp_path / "latin.py").write_bytes(b"# caf\xe9\n")
    assert read_lines(tmp_path / "latin.py") == ["# caf\ufffd\n"]


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SolutionError, match=r"none\.py is not a file"):
        read_lines(tmp_path / "none.py")


def test_equal_lines_give_no_diff() -> None:
    assert unified(["a\n"], ["a\n"], "x", "y") == ()
