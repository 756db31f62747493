"""Where a report page may be written, and what it is compared with."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import Catalog, find_catalog
from grader.errors import UsageError
from grader.evidence.files import load_run, save_run
from grader.grading.graded import Graded, judged_again
from grader.interactive.page import in_kb, require_page_file, save_page, slugs_of
from tests.render.runs import blocking_run, fixed_run


@pytest.fixture
def catalog(make_kata: Callable[..., Path]) -> Catalog:
    """A catalog with the kata of the saved runs."""
    return find_catalog(make_kata("sleepy-handler"))


def again(catalog: Catalog, file: Path) -> Graded:
    run = load_run(file)
    return judged_again(catalog.kata(run.kata), run)


@pytest.mark.parametrize("content", ["", "<!doctype html><p>old", "<!DOCTYPE HTML>"])
def test_a_page_may_replace_a_page_or_an_empty_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "report.html").write_text(content)
    require_page_file(tmp_path / "report.html")
    require_page_file(tmp_path / "new.html")


def test_a_page_replaces_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match="already exists and is not a report page"):
        require_page_file(tmp_path / "notes.txt")
    with pytest.raises(UsageError, match="is not a regular file"):
        require_page_file(tmp_path)
    with pytest.raises(UsageError, match="does not exist"):
        require_page_file(tmp_path / "none" / "report.html")


def test_a_page_is_compared_with_the_saved_run_before_it(catalog: Catalog, tmp_path: Path) -> None:
    first = save_run(blocking_run(), tmp_path / "runs")
    second = save_run(fixed_run(), tmp_path / "runs")
    page = tmp_path / "page.html"
    size_bytes = save_page(catalog, again(catalog, second), second, page)
    assert size_bytes == page.stat().st_size
    assert "Previous run, 2026-11-23 08:15 UTC" in page.read_text()
    save_page(catalog, again(catalog, first), first, page)
    assert "Your run of" not in page.read_text()


def test_a_run_that_was_not_saved_is_compared_with_nothing(
    catalog: Catalog, tmp_path: Path
) -> None:
    second = save_run(fixed_run(), tmp_path / "runs")
    save_run(blocking_run(), tmp_path / "runs")
    save_page(catalog, again(catalog, second), None, tmp_path / "page.html")
    assert "Your run of" not in (tmp_path / "page.html").read_text()


def test_a_kata_is_also_known_by_its_former_slugs(catalog: Catalog) -> None:
    renamed = Catalog(catalog.folder, ("new",), {}, {"old": "new", "other": "another"})
    assert slugs_of(renamed, "new") == ("new", "old")


def test_sizes_are_shown_in_kilobytes() -> None:
    assert in_kb(245_499) == "245 kB"
