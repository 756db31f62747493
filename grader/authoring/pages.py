"""Generates a documentation page for each kata: its README and its hints, folded, without a solution.

python -m grader.authoring.pages docs/katas
"""

import re
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from grader.catalog.find import Catalog, find_catalog
from grader.catalog.manifest import Kata
from grader.catalog.readme import without_ids

NOTICE = "<!-- Made by `python -m grader.authoring.pages docs/katas`; edit the kata's README and kata.toml instead. -->"
HINT_NAMES = ("A nudge", "A direction", "Nearly the answer")
CODE = re.compile(r"`[^`]*`|[^`]+|`")


def pages(catalog: Catalog) -> Iterator[tuple[str, str]]:
    """File name and text of each page; the index comes first."""
    yield "index.md", _index(catalog)
    for kata in catalog.katas():
        yield f"{kata.slug}.md", kata_page(kata)


def kata_page(kata: Kata) -> str:
    """The page of one kata."""
    title, _, story = without_ids(kata.readme.read_text(encoding="utf-8")).partition("\n")
    about = f"`{kata.slug}` · tier {kata.tier} · {', '.join(kata.topics)}"
    return "\n".join(
        [
            NOTICE,
            "",
            title,
            "",
            about,
            "",
            story.strip(),
            "",
            "## Hints",
            "",
            *_hints(kata.hints),
        ]
    )


def _hints(hints: Sequence[str]) -> Iterator[str]:
    for name, hint in zip(HINT_NAMES, hints, strict=True):
        # With this attribute MkDocs renders the hint as Markdown; GitHub ignores it.
        yield from (
            f'<details markdown="1"><summary>{name}</summary>',
            "",
            _escaped(hint),
            "",
            "</details>",
            "",
        )


def _escaped(hint: str) -> str:
    """The hint with HTML escaped, except within backquotes, where Markdown escapes it."""
    return CODE.sub(
        lambda part: part[0] if part[0].startswith("`") else escape(part[0], quote=False), hint
    )


def _index(catalog: Catalog) -> str:
    lines = [
        NOTICE,
        "",
        "# The katas",
        "",
        "In the order in which they teach; `kata next` hands them out.",
        "",
    ]
    katas = catalog.katas()
    for number, title in catalog.tiers.items():
        lines += [f"## Tier {number}: {title}", "", "| kata | topics |", "| --- | --- |"]
        lines += [
            f"| [{kata.title}]({kata.slug}.md) | {', '.join(kata.topics)} |"
            for kata in katas
            if kata.tier == number
        ]
        lines.append("")
    return "\n".join(lines)


def write_pages(catalog: Catalog, folder: Path) -> None:
    """Write all pages into this folder, and remove the pages of katas that no longer exist."""
    folder.mkdir(parents=True, exist_ok=True)
    made = dict(pages(catalog))
    for old in folder.glob("*.md"):
        if old.name not in made:
            old.unlink()
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(find_catalog(), Path(sys.argv[1] if len(sys.argv) > 1 else "docs/katas"))
