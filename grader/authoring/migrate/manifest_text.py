"""Rewrites the text of a manifest for format 2; comments and layout stay. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from grader.catalog.table import parsed_toml
from grader.formats import KATA_FORMAT

_FORMAT = re.compile(r"^(format[ \t]*=[ \t]*)1(?=[ \t]*(?:#.*)?\r?$)", re.MULTILINE)
_PLACE = re.compile(r"(?:^[ \t]*#[^\n]*\n)*^[ \t]*\[[ \t]*starter[ \t]*\]", re.MULTILINE)
"""The header of `[starter]`, with the comments directly above it: the new tables come before it."""


def migrated_manifest(text: str, promises: Mapping[str, float], ids: Sequence[str]) -> str | None:
    """The manifest in format 2, with promises and a requirement without checks for each id.

    Returns:
        None if the text is laid out so that no edit of it leads to this manifest.
    """
    wanted = _wanted(parsed_toml(text), promises, ids)
    return next((new for new in _candidates(text, promises, ids) if _parsed(new) == wanted), None)


def _wanted(
    old: dict[str, Any], promises: Mapping[str, float], ids: Sequence[str]
) -> dict[str, Any]:
    """The manifest that the edit must lead to."""
    return {
        **old,
        "format": KATA_FORMAT,
        "promises": dict(promises),
        "requirements": {name: [] for name in ids},
    }


def _candidates(text: str, promises: Mapping[str, float], ids: Sequence[str]) -> Iterator[str]:
    """Edits that may be right: text within a value can look like a key or a header, and the parser tells which."""
    end = "\r\n" if "\r\n" in text else "\n"
    tables = end.join(
        [
            "[promises]",
            *(f"{name} = {seconds!r}" for name, seconds in promises.items()),
            "",
            "[requirements]",
            *(f"{name} = []" for name in ids),
            *("", ""),
        ]
    )
    for found in _FORMAT.finditer(text):
        renumbered = f"{text[: found.start()]}{found[1]}{KATA_FORMAT}{text[found.end() :]}"
        for place in _PLACE.finditer(renumbered):
            yield renumbered[: place.start()] + tables + renumbered[place.start() :]
        yield f"{renumbered.rstrip()}{end}{end}{tables.rstrip()}{end}"


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        return parsed_toml(text)
    except ValueError:
        return None
