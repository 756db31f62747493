"""Writes the generated pages: `python -m docs.site`. With `--check` it only lists those that are out of date."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from docs.site import commands, members, navigation, schema
from grader.authoring.pages import pages, write_pages
from grader.catalog.find import find_catalog
from grader.cli.main import app

DOCS = Path(__file__).parent.parent
CONFIG = DOCS / "site" / "mkdocs.yml"
KATAS = DOCS / "katas"


def generated() -> Iterator[tuple[Path, str]]:
    """Each generated file except the katas' pages, with its text."""
    yield DOCS / "reference" / "cli.md", commands.page(app)
    yield DOCS / "reference" / "check-api-members.md", members.page()
    yield DOCS / "reference" / "report.schema.json", schema.report_schema()
    yield DOCS / "decisions" / "index.md", navigation.decisions_page(DOCS / "decisions")
    yield CONFIG, navigation.with_katas(CONFIG.read_text(encoding="utf-8"), find_catalog())


def outdated() -> list[tuple[Path, str]]:
    """The generated files that are out of date, each with its new text."""
    katas = ((KATAS / name, text) for name, text in pages(find_catalog()))
    return [
        (path, text)
        for path, text in (*generated(), *katas)
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def write() -> None:
    """Write all generated files, and print which have changed."""
    for path, text in outdated():
        path.write_text(text, encoding="utf-8")
        print(f"changed: docs/{path.relative_to(DOCS)}")
    write_pages(find_catalog(), KATAS)  # also removes the pages of katas that no longer exist


def check() -> int:
    """Print which generated files are out of date; returns the exit code."""
    paths = [path for path, _ in outdated()]
    for path in paths:
        print(f"out of date: docs/{path.relative_to(DOCS)}", file=sys.stderr)
    if paths:
        print("Run: python -m docs.site", file=sys.stderr)
    return 1 if paths else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m docs.site", description="Write all generated pages."
    )
    parser.add_argument("--check", action="store_true", help="only list those that are out of date")
    if parser.parse_args().check:
        sys.exit(check())
    write()
