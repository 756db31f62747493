"""A document is read, migrated or refused with advice, depending on its format number."""

import re
from pathlib import Path

import pytest

from grader import formats
from grader.formats import Document, Format

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"


def with_place(document: Document) -> Document:
    document["place"] = document.pop("where")
    return document


def with_places(document: Document) -> Document:
    document["places"] = [document.pop("place")]
    return document


THIRD = Format(3, {1: with_place, 2: with_places}, "Run `kata migrate FILE`.")


def test_a_document_of_the_current_format_stays_as_it_is() -> None:
    assert THIRD.refusal(3) is None
    assert THIRD.migrated({"format": 3, "x": 1}) == {"format": 3, "x": 1}


def test_an_older_document_is_migrated_step_by_step_and_keeps_unknown_keys() -> None:
    assert THIRD.refusal(1) is None
    assert THIRD.migrated({"format": 1, "where": "here", "x": 1}) == {
        "format": 3,
        "places": ["here"],
        "x": 1,
    }
    assert THIRD.migrated({"format": 2, "place": "here"}) == {"format": 3, "places": ["here"]}


def test_a_newer_document_is_refused_with_the_advice_to_upgrade() -> None:
    refusal = THIRD.refusal(7)
    assert refusal is not None
    assert (
        refusal.sentence("The run x.json")
        == "The run x.json has format 7; this version reads up to 3."
    )
    assert refusal.is_newer
    assert "pip install --upgrade fastapi-katas" in refusal.hint


@pytest.mark.parametrize("number", [0, -1])
def test_an_older_document_without_a_step_is_refused_with_the_command_that_migrates_it(
    number: int,
) -> None:
    refusal = THIRD.refusal(number)
    assert refusal is not None
    assert not refusal.is_newer
    assert refusal.hint == "Run `kata migrate FILE`."


def test_documents_older_than_a_missing_step_are_refused() -> None:
    broken_row = Format(4, {1: with_place, 3: with_places})
    assert [broken_row.refusal(number) is None for number in (1, 2, 3, 4)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_format_without_steps_reads_only_the_current_number() -> None:
    refusal = Format(1).refusal(2)
    assert refusal is not None
    assert refusal.sentence("It") == "It has format 2; this version reads 1."


def test_an_absurd_number_is_refused_at_once() -> None:
    assert THIRD.refusal(10**30) is not None
    assert THIRD.refusal(-(10**30)) is not None


@pytest.mark.parametrize("name", ["RUN_FORMAT", "KATA_FORMAT", "PROGRESS_FORMAT", "REPORT_FORMAT"])
def test_the_reference_states_each_current_number(name: str) -> None:
    page = (REFERENCE / "formats.md").read_text(encoding="utf-8")
    (row,) = re.findall(rf"^\|.*<!-- {name} -->.*$", page, re.MULTILINE)
    assert f"| {getattr(formats, name)} |" in row
