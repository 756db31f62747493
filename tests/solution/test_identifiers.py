"""Names in a solution's source: which are found, and that no source is too odd to be read."""

import os
from pathlib import Path

import pytest

from grader.solution.identifiers import SOURCE_BYTES, identifiers_of


def names_in(folder: Path, source: str | bytes) -> frozenset[str]:
    data = source.encode() if isinstance(source, str) else source
    (folder / "app.py").write_bytes(data)
    return identifiers_of(folder)


def test_names_and_attributes_are_found_in_every_module(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "more.py").write_text("@functools.lru_cache\ndef f(): ...\n")
    (tmp_path / "notes.txt").write_text("unseen\n")
    assert names_in(tmp_path, "x = 1\n") == {"x", "functools", "lru_cache", "def", "f"}


def test_comments_and_strings_have_no_names(tmp_path: Path) -> None:
    assert names_in(tmp_path, 'x = "lru_cache"  # no cache\n') == {"x"}


@pytest.mark.parametrize(
    "source",
    [
        "x = (\n",
        "if x:\n  y\n z\n",
        'x = """\n',
        "x = 1if 2else 3\n",
        b"x\xff\n",
        b"x\0\n",
        "x = 0777\n",
    ],
)
def test_a_damaged_source_is_read_up_to_its_error(tmp_path: Path, source: str | bytes) -> None:
    assert names_in(
        tmp_path, b"good\n" + (source.encode() if isinstance(source, str) else source)
    ) >= {"good"}


def test_only_so_much_source_is_read(tmp_path: Path) -> None:
    assert names_in(tmp_path, "early\n" + "#" * SOURCE_BYTES + "\nlate\n") == {"early"}


def test_a_folder_without_source_has_no_names(tmp_path: Path) -> None:
    assert identifiers_of(tmp_path / "nowhere") == frozenset()


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "link.py").symlink_to(__file__)
    assert names_in(tmp_path, "x = 1\n") == {"x"}
