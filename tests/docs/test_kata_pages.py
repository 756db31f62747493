"""The pages of the katas are generated from their READMEs, and up to date."""

from pathlib import Path

import pytest

from grader.authoring.pages import kata_page, pages
from grader.catalog.find import find_catalog
from grader.catalog.manifest import Kata

FOLDER = Path(__file__).parents[2] / "docs" / "katas"
KATAS = find_catalog().katas()


def test_the_pages_are_up_to_date() -> None:
    made = dict(pages(find_catalog()))
    assert {path.name for path in FOLDER.glob("*.md")} == set(made)
    old = [
        name for name, text in made.items() if (FOLDER / name).read_text(encoding="utf-8") != text
    ]
    assert old == [], "run: python -m docs.site"


@pytest.mark.parametrize("katum", KATAS, ids=[kata.slug for kata in KATAS])
def test_a_page_has_the_story_and_folded_hints_and_no_solution(katum: Kata) -> None:
    page = kata_page(katum)
    assert "## What must hold" in page
    assert page.count("<details ") == 3
    assert "## Hints" in page
    assert not any(mistake.because in page for mistake in katum.mistakes)
    longest = max(katum.reference.read_text().splitlines(), key=len)
    assert longest not in page
