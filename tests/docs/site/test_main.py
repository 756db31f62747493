"""`python -m docs.site`: the generated pages are up to date, and `--check` says when they are not."""

from pathlib import Path

import pytest

from docs.site import __main__ as site


@pytest.mark.parametrize(
    ("path", "text"), [pytest.param(path, text, id=path.name) for path, text in site.generated()]
)
def test_a_generated_page_is_up_to_date(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: python -m docs.site"


def test_a_check_of_pages_that_are_up_to_date_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert site.check() == 0
    assert capsys.readouterr() == ("", "")


def test_a_check_names_the_pages_that_are_out_of_date_and_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = site.DOCS / "reference" / "cli.md"
    monkeypatch.setattr(site, "generated", lambda: [(page, "a newer text")])
    assert site.check() == 1
    told = capsys.readouterr().err
    assert told.splitlines() == ["out of date: docs/reference/cli.md", "Run: python -m docs.site"]
    assert page.read_text(encoding="utf-8") != "a newer text"
