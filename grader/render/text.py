"""Makes foreign text safe to show: the output, answers and names of a solution."""

import unicodedata
from collections.abc import Iterable

ELLIPSIS = "…"
MARKS_KEPT = 3
"""Limit on consecutive combining marks; hundreds would draw over the lines above."""

_BLANKS = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2800, 0x2800),
    (0x3164, 0x3164),
    (0xFFA0, 0xFFA0),
)
_SELECTORS = ((0xFE00, 0xFE0F), (0xE0100, 0xE01EF))
_INVISIBLE = frozenset(
    chr(code) for first, last in (*_BLANKS, *_SELECTORS) for code in range(first, last + 1)
)
"""Characters that have no glyph although Unicode classifies them as letters, marks or symbols."""


def printable(text: str, limit: int = 300) -> str:
    """One line of at most `limit` visible characters.

    Each run of white space becomes one space. Control, bidi and other invisible characters are shown as escape
    sequences, so the text cannot control a terminal. A truncated text ends with an ellipsis.
    """
    return escaped(" ".join(text[: limit * 2].split()), limit)


def escaped(text: str, limit: int = 2000) -> str:
    """Like `printable`, but keeps the number of spaces; each tab and line break becomes one space."""
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text  # the usual case; a page has thousands of texts
    safe = "".join(_safe_characters(text[: limit + 1]))
    return safe if len(safe) <= limit else safe[: limit - 1] + ELLIPSIS


def code_point(character: str) -> str:
    """The escape sequence for a character: "\\u202e"."""
    return f"\\u{ord(character):04x}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08x}"


def _safe_characters(text: str) -> Iterable[str]:
    marks = 0
    for character in text:
        category = unicodedata.category(character)
        marks = marks + 1 if category[0] == "M" else 0
        if category == "Zs" or character in "\n\r\t":
            yield " "
        elif marks > MARKS_KEPT or not _is_visible(character, category):
            yield code_point(character)
        else:
            yield character


def _is_visible(character: str, category: str) -> bool:
    # C* are control, format (bidi among them), surrogate, private and unassigned characters; Zl and Zp break lines.
    return category[0] != "C" and category not in ("Zl", "Zp") and character not in _INVISIBLE
