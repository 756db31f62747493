"""READMEs as learners get them."""

from pathlib import Path

import pytest

from grader.catalog.readme import learners_readme, without_ids


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("- It answers. <!-- answers -->\n", "- It answers.\n"),
        ("- It answers.\n  <!-- it-answers-2 -->\n- More.\n", "- It answers.\n- More.\n"),
        ("- It answers. <!-- answers -->\r\n- More.\r\n", "- It answers.\r\n- More.\r\n"),
        ("- It answers. <!-- answers -->", "- It answers."),
        ("a <!-- note to authors: keep -->\n", "a <!-- note to authors: keep -->\n"),
        ("`<!-- answers -->` is a comment\n", "`<!-- answers -->` is a comment\n"),
    ],
)
def test_ids_are_left_out_and_all_else_is_kept(text: str, seen: str) -> None:
    assert without_ids(text) == seen


def test_a_readme_is_read_as_learners_get_it_whatever_its_encoding(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_bytes(b"- It \xff answers. <!-- answers -->\n")
    assert learners_readme(tmp_path / "README.md") == b"- It \xff answers.\n"
