"""What the lint reads from a package."""

from pathlib import Path

import pytest

from grader.authoring.lint.package import (
    check_names,
    examples_in,
    line_in_manifest,
    parsed_source,
    read_package,
)
from tests.conftest import CHECKS

MANIFEST = """\
title = "Tiny"

[starter]
fails = ["test_a"]

[rejected.wrong]
because = "test_a"
fails = [
    "test_b",
]
"""


def test_caches_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "accepted" / "__pycache__").mkdir(parents=True)
    (tmp_path / "accepted" / "__pycache__" / "reference.pyc").write_bytes(b"\xff")
    (tmp_path / "checks.py").write_text(CHECKS)
    assert read_package(tmp_path) == {"checks.py": CHECKS}


def test_bytes_that_are_not_text_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "logo.png").write_bytes(b"\xffPNG")
    assert read_package(tmp_path) == {"logo.png": "\N{REPLACEMENT CHARACTER}PNG"}


def test_checks_are_the_functions_at_the_top_that_pytest_would_collect() -> None:
    source = "async def test_b(): ...\ndef test_a(): ...\ndef helper():\n    def test_c(): ...\n"
    assert check_names({"checks.py": source}) == ("test_b", "test_a")


def test_two_checks_of_the_same_name_are_one() -> None:
    assert check_names({"checks.py": CHECKS + CHECKS}) == ("test_it_answers",)


@pytest.mark.parametrize(
    "files", [{}, {"checks.py": "async def f(:"}, {"checks.py": f"{CHECKS}X = 1{'+1' * 50_000}\n"}]
)
def test_there_are_no_checks_where_none_can_be_read(files: dict[str, str]) -> None:
    assert check_names(files) == ()


def test_examples_are_the_python_files_below_their_folder() -> None:
    files = dict.fromkeys(("accepted/a.py", "accepted/notes.txt", "rejected/b.py"), "")
    assert examples_in(files, "accepted") == ["accepted/a.py"]


@pytest.mark.parametrize(
    ("table", "word", "line"),
    [
        ("rejected.wrong", "", 6),
        ("rejected.wrong", "test_b", 9),
        ("rejected.wrong", "test_a", 7),
        ("starter", "test_a", 4),
        ("starter", "test_b", None),
        ("run", "", None),
    ],
)
def test_a_place_in_the_manifest_is_looked_for_in_its_table(
    table: str, word: str, line: int | None
) -> None:
    assert line_in_manifest({"kata.toml": MANIFEST}, table, word) == line


def test_form_feeds_and_the_like_begin_no_line_of_the_manifest() -> None:
    manifest = MANIFEST.replace("Tiny", "Ti\u2028ny \x85")
    assert line_in_manifest({"kata.toml": manifest}, "starter") == 3


@pytest.mark.parametrize("terms", [150, 1500, 50_000])
def test_source_that_is_nested_too_deeply_is_refused_like_wrong_source(terms: int) -> None:
    with pytest.raises(SyntaxError, match="more than 100 levels are nested"):
        parsed_source(f"x = 1{'+1' * terms}\n")


def test_a_null_character_is_refused_like_wrong_source() -> None:
    with pytest.raises(SyntaxError):
        parsed_source("x = 1\0")
