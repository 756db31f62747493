"""The generated parts of the site's navigation: the katas by tier, and the list of decisions."""

import re
from collections.abc import Iterator
from pathlib import Path

from grader.catalog.find import Catalog

MADE = "<!-- Made by `python -m docs.site` from the titles of the decisions. -->"
KATAS = re.compile(
    r"(?<=# The katas: made by `python -m docs\.site`\.\n).*?(?=^ *# End of the katas\.$)",
    re.MULTILINE | re.DOTALL,
)


def with_katas(config: str, catalog: Catalog) -> str:
    """The configuration of the site with all katas in its navigation.

    Raises:
        ValueError: it has no place for them.
    """
    changed, count = KATAS.subn(lambda _: "".join(f"{line}\n" for line in _katas(catalog)), config)
    if count != 1:
        raise ValueError("The comments around the katas are missing in mkdocs.yml.")
    return changed


def _katas(catalog: Catalog) -> Iterator[str]:
    katas = catalog.katas()
    for number, title in catalog.tiers.items():
        of_tier = [kata for kata in katas if kata.tier == number]
        if of_tier:
            yield f"      - {title}:"
            yield from (f"          - katas/{kata.slug}.md" for kata in of_tier)


def decisions_page(folder: Path) -> str:
    """The list of all decisions, by number."""
    says = "Why things are as they are, each on half a page: the need, the alternatives, the consequences."
    lines = [MADE, "", "# Decisions", "", says, ""]
    for path in sorted(folder.glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")
        number, _, name = title.partition(". ")
        lines.append(f"- {number}. [{name}]({path.name})")
    return "\n".join(lines) + "\n"
