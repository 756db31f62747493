"""Documentation pages of katas, for a small catalog; `tests/docs` compares those of the real katas."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.authoring.pages import NOTICE, kata_page, pages, write_pages
from grader.catalog.find import Catalog, find_catalog
from tests.conftest import MANIFEST

README = "# Tiny\n\nA story.\n\n- It answers. <!-- answers -->\n\n## Read more\n\n- [Docs](https://example.org)\n"


@pytest.fixture
def catalog(make_kata: Callable[..., Path]) -> Catalog:
    """A catalog of one kata, one of whose hints has HTML in it."""
    manifest = MANIFEST.replace('"two"', '"Is `<b>` bold & <i>this</i> not?"')
    return find_catalog(make_kata(manifest=manifest, files={"README.md": README}))


def test_a_page_is_the_readme_with_folded_hints(catalog: Catalog) -> None:
    lines = kata_page(catalog.kata("tiny")).splitlines()
    assert lines[:3] == [NOTICE, "", "# Tiny"]
    assert "`tiny` · tier 1 · tests" in lines
    assert "- It answers." in lines
    assert lines.index("A story.") < lines.index("## Hints")
    assert [line for line in lines if line.startswith("<details")] == [
        '<details markdown="1"><summary>A nudge</summary>',
        '<details markdown="1"><summary>A direction</summary>',
        '<details markdown="1"><summary>Nearly the answer</summary>',
    ]


def test_html_in_a_hint_is_escaped_except_in_code(catalog: Catalog) -> None:
    page = kata_page(catalog.kata("tiny"))
    assert "Is `<b>` bold &amp; &lt;i&gt;this&lt;/i&gt; not?" in page


def test_the_index_links_every_kata_and_comes_first(catalog: Catalog) -> None:
    (index, text), (name, _) = pages(catalog)
    assert (index, name) == ("index.md", "tiny.md")
    assert text.startswith(NOTICE)


def test_writing_pages_removes_those_of_katas_that_no_longer_exist(
    catalog: Catalog, tmp_path: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "gone.md").write_text("old")
    write_pages(catalog, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["index.md", "tiny.md"]
    assert (folder / "tiny.md").read_text() == kata_page(catalog.kata("tiny"))
