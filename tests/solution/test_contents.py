"""Files and folders of a solution, within limits."""

from pathlib import Path

import pytest

from grader.errors import HarnessError, SolutionError
from grader.solution.contents import (
    LIMIT_BYTES,
    LIMIT_DEPTH,
    LIMIT_ENTRIES,
    Contents,
    is_ignored,
    normalized_name,
    shown,
)


@pytest.fixture
def contents() -> Contents:
    return Contents(Path("mine"))


def test_files_bring_their_folders_and_use_up_room(contents: Contents) -> None:
    contents.add_file("shop/db/models.py", b"x = 1\n")
    assert contents.folders == {"shop", "shop/db"}
    assert (contents.size_bytes, contents.room_bytes) == (6, LIMIT_BYTES - 6)


def test_what_was_added_is_written(contents: Contents, tmp_path: Path) -> None:
    contents.add_file("app.py", b"app")
    contents.add_folder("empty")
    contents.add_file("shop/prices.py", b"prices")
    contents.write(tmp_path / "copy")
    assert (tmp_path / "copy" / "app.py").read_bytes() == b"app"
    assert (tmp_path / "copy" / "shop" / "prices.py").read_bytes() == b"prices"
    assert list((tmp_path / "copy" / "empty").iterdir()) == []


def test_a_target_that_is_a_file_is_not_the_solutions_fault(
    contents: Contents, tmp_path: Path
) -> None:
    (tmp_path / "copy").write_text("")
    with pytest.raises(HarnessError, match="cannot be copied"):
        contents.write(tmp_path / "copy")


def test_the_only_folder_can_become_the_top(contents: Contents) -> None:
    contents.add_file("shop/app.py", b"")
    contents.add_folder("shop/empty")
    contents.strip_folder("shop")
    assert (contents.files, contents.folders) == ({"app.py": b""}, {"empty"})


def test_one_byte_too_many_is_refused(contents: Contents) -> None:
    contents.require_room(LIMIT_BYTES)
    with pytest.raises(SolutionError, match="mine is too large: at most 20 MiB in total"):
        contents.require_room(LIMIT_BYTES + 1)


def test_one_entry_too_many_is_refused(contents: Contents) -> None:
    for number in range(LIMIT_ENTRIES):
        contents.add_file(f"{number}.py", b"")
    with pytest.raises(SolutionError, match="contains too many entries"):
        contents.add_folder("more")


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        ("app.py", "app.py", "app.py twice"),
        ("App.py", "app.py", "equals App.py on case-insensitive file systems"),
        ("shop", "shop/app.py", "a file and a folder at once"),
    ],
)
def test_a_name_that_is_taken_is_refused(
    contents: Contents, first: str, second: str, why: str
) -> None:
    contents.add_file(first, b"")
    with pytest.raises(SolutionError, match=why):
        contents.add_file(second, b"")


@pytest.mark.parametrize(
    ("raw", "name"), [("./app.py", "app.py"), ("a//b/", "a/b"), (".", ""), ("größe.py", "größe.py")]
)
def test_names_are_normalized(contents: Contents, raw: str, name: str) -> None:
    assert normalized_name(contents, raw) == name


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ("/etc/passwd", "leads outside"),
        ("a/../../b", "leads outside"),
        ("C:/app.py", "leads outside"),
        ("a\\b.py", "not plain text"),
        ("a\nb.py", "not plain text"),
        ("x" * 256, "too long"),
        ("/".join("a" * (LIMIT_DEPTH + 1)), "too long"),
    ],
)
def test_a_name_that_could_do_harm_is_refused(contents: Contents, raw: str, why: str) -> None:
    with pytest.raises(SolutionError, match=why):
        normalized_name(contents, raw)


@pytest.mark.parametrize(
    "name",
    [
        ".git/config",
        "shop/__pycache__/app.pyc",
        "._app.py",
        "app.2026-01-02T03-04-05.py",
        ".app.py.swp",
        "app.py~",
    ],
)
def test_files_of_tools_and_editors_are_ignored(name: str) -> None:
    assert is_ignored(name)


@pytest.mark.parametrize("name", ["app.py", "git/config", "app.2026.py", "swap.py", "venvs/a.py"])
def test_files_with_similar_names_are_not_ignored(name: str) -> None:
    assert not is_ignored(name)


def test_a_name_in_a_message_is_visible_and_short() -> None:
    assert shown("a\x1b[2Jb") == "a\\x1b[2Jb"
    assert shown("x" * 200) == "x" * 100 + "…"
