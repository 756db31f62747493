"""The site's navigation: every page is in it once, and the katas have their place."""

import re

import pytest

from docs.site.__main__ import CONFIG, DOCS
from docs.site.navigation import with_katas
from grader.catalog.find import find_catalog

LISTED = re.findall(r"^ +- (?:[^:\n]+: )?([\w/-]+\.md)$", CONFIG.read_text(), re.MULTILINE)


def test_every_page_except_the_decisions_is_listed_once() -> None:
    pages = [path.relative_to(DOCS) for path in DOCS.rglob("*.md")]
    listed = [page for page in pages if not re.match(r"decisions/\d", page.as_posix())]
    assert sorted(LISTED) == sorted(page.as_posix() for page in listed)


def test_a_configuration_without_a_place_for_the_katas_is_refused() -> None:
    with pytest.raises(ValueError, match=r"missing in mkdocs\.yml"):
        with_katas("nav: []\n", find_catalog())
