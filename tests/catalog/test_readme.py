"""READMEs as learners get them."""

import pytest

from grader.catalog.readme import without_ids


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
