"""Makes all pages anew that are made from something else: `python -m docs.site`."""

from collections.abc import Iterator
from pathlib import Path

from docs.site import commands, members, navigation, schema
from grader.authoring.pages import write_pages
from grader.catalog.find import find_catalog
from grader.cli.main import app

DOCS = Path(__file__).parent.parent
CONFIG = DOCS / "site" / "mkdocs.yml"


def made() -> Iterator[tuple[Path, str]]:
    """Each file that is made, and what belongs into it; the pages of katas have a command of their own."""
    yield DOCS / "reference" / "cli.md", commands.page(app)
    yield DOCS / "reference" / "check-api-members.md", members.page()
    yield DOCS / "reference" / "report.schema.json", schema.report_schema()
    yield DOCS / "decisions" / "index.md", navigation.decisions_page(DOCS / "decisions")
    yield CONFIG, navigation.with_katas(CONFIG.read_text(encoding="utf-8"), find_catalog())


def write() -> None:
    """Write all of them, and say which have changed."""
    write_pages(find_catalog(), DOCS / "katas")
    for path, text in made():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"changed: docs/{path.relative_to(DOCS)}")


if __name__ == "__main__":
    write()
