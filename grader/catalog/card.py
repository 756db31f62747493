"""The summary of a kata that lists show, read from the top-level keys of `kata.toml`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.catalog.table import Table, parsed_toml
from grader.errors import KataPackageError
from grader.formats import KATA_FORMAT, Format
from grader.registry import SERVICES

FORMAT = Format(KATA_FORMAT, older_hint="Run `kata migrate SLUG`.")

MANIFEST = "kata.toml"
TIERS = range(1, 6)

OTHER_KEYS = (
    *("services", "workers", "hints", "limits", "run", "starter", "accepted", "rejected"),
    *("promises", "requirements"),
)
"""Keys that `grader.catalog.manifest` reads, in addition to a table for each service."""

_HEADER = re.compile(r"^[ \t]*\[", re.MULTILINE)


@dataclass(frozen=True)
class Card:
    """The summary of a kata; the attributes are those of `Kata`."""

    slug: str
    title: str
    tier: int
    teaches: str
    topics: tuple[str, ...]


def read_card(folder: Path) -> Card:
    """Read the keys of `kata.toml` above its first table.

    Parsing the tables would take most of the time, and a list does not need them. Errors in them are reported when the
    kata is used.

    Raises:
        KataPackageError: the file is missing, or a key above the tables is wrong; names the key.
    """
    path = folder / MANIFEST
    top = current_table(path, _head(path, read_text(path)))
    card = Card(
        folder.name,
        top.text("title"),
        top.one_of("tier", TIERS),
        top.text("teaches"),
        top.texts("topics"),
    )
    top.allow_keys(*OTHER_KEYS, *SERVICES)
    top.refuse_unknown_keys()
    return card


def _head(path: Path, text: str) -> dict[str, Any]:
    """The keys above the first table, or the whole manifest if its head cannot be split off."""
    header = _HEADER.search(text)
    if header is not None:
        try:
            # A line inside a multi-line value can look like a header. Text cut off there is not valid TOML.
            return parsed_toml(text[: header.start()])
        except ValueError:
            pass
    return parsed(path, text)


def read_text(path: Path) -> str:
    """The text of a manifest.

    Raises:
        KataPackageError: the file is missing or cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise KataPackageError(
            f"{path.parent} is not a kata: it has no {MANIFEST}.",
            "Add one, or name another folder.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise KataPackageError(f"{path} cannot be read: {error}.") from error


def parsed(path: Path, text: str) -> dict[str, Any]:
    """A whole manifest as a table.

    Raises:
        KataPackageError: it is not valid TOML.
    """
    try:
        return parsed_toml(text)
    except ValueError as error:
        raise KataPackageError(f"{path} is not valid TOML: {error}.", "Fix that line.") from error


def current_table(path: Path, values: Mapping[str, Any]) -> Table:
    """The top-level table of a manifest of the current format.

    Raises:
        KataPackageError: the manifest has no format number, or one that this version does not read.
    """
    top = Table(path, "", values)
    found = top.integer("format")
    if refusal := FORMAT.refusal(found):
        raise top.error(
            "format",
            f"is {found}; this version reads {refusal.readable}",
            refusal.hint.replace("SLUG", path.parent.name),
        )
    return top
