"""Makes foreign text safe to show: what a solution printed, answered or is called."""

import unicodedata

ELLIPSIS = "…"


def printable(text: str, limit: int = 300) -> str:
    """One line of text without control, bidi or other invisible characters, at most so long.

    Line breaks and tabs become a space; everything else that a terminal might act on is written as its code point.
    """
    line = " ".join(text[: limit * 2].split())
    safe = "".join(character if _is_visible(character) else f"\\u{ord(character):04x}" for character in line)
    return safe if len(safe) <= limit else safe[: limit - 1] + ELLIPSIS


def _is_visible(character: str) -> bool:
    # Categories of Unicode: C* are controls, formats (bidi among them), surrogates, private and unassigned; Zl, Zp break lines.
    return unicodedata.category(character)[0] != "C" and unicodedata.category(character) not in ("Zl", "Zp")
