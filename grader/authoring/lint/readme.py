"""Reads what a README requires: the blocks below its headings, and the id and the durations of each bullet. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

HOLD, STAY = "What must hold", "What must stay"
HEADINGS = (HOLD, STAY)
"""The sections whose bullets are requirements."""

_BULLET = re.compile(r" ?[-*+](?:[ \t]+\S|[ \t]*$)")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_HEADING = re.compile(r"#{1,2}[ \t]+(.*?)[ \t#]*$")
_FENCE = re.compile(r"[ \t]*(```|~~~)")
_CODE = re.compile(r"(?s)(```|~~~).*?(?:\1|\Z)|`[^`]*`")
_COMMENT = re.compile(r"(?s)<!--(.*?)-->")

_UNITS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hour", "hours"), 3600.0),
}
_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NUMBERS = {word: number for number, word in enumerate(_WORDS, 2)}
_UNIT = "|".join(sorted(_UNITS, key=len, reverse=True))
_DURATION = re.compile(
    rf"(?<![\w.,])(?:(?P<number>\d+(?:,\d{{3}})*(?:\.\d+)?)(?P<gap>[\s-]?)(?P<unit>{_UNIT})"
    rf"|(?P<word>{'|'.join(_NUMBERS)})[\s](?P<units>(?:milli)?seconds|minutes|hours)"
    r"|(?P<half>half[\s-]a[\s-]second))(?!\w)",
    re.IGNORECASE,
)
_MOST_WITHOUT_GAP = 100
"""From this number on, "503s" without a space is a plural and no duration."""


@dataclass(frozen=True)
class Duration:
    """A duration in prose.

    Attributes:
        text: as written: "0.5 s", "300 ms", "two minutes".
    """

    text: str
    seconds: float


@dataclass(frozen=True)
class Block:
    """A bullet with everything nested in it, or a paragraph.

    Attributes:
        heading: of its section.
        line: number of its first line in the README, from 1.
        lines: its lines.
        is_bullet: whether it is a bullet.
    """

    heading: str
    line: int
    lines: tuple[str, ...]
    is_bullet: bool

    @property
    def prose(self) -> str:
        """Its text on one line, without comments."""
        return " ".join(_COMMENT.sub(" ", "\n".join(self.lines)).split())

    @property
    def is_empty(self) -> bool:
        """Whether it is a bullet without text."""
        return self.is_bullet and self.prose in ("-", "*", "+")

    @property
    def comments(self) -> tuple[str, ...]:
        """The contents of its comments."""
        return tuple(found.strip() for found in _COMMENT.findall("\n".join(self.lines)))

    @property
    def ends_in_comment(self) -> bool:
        """Whether nothing follows its last comment."""
        return "\n".join(self.lines).rstrip().endswith("-->")

    @property
    def id(self) -> str:
        """The id of a requirement; empty if the block does not end in its only comment."""
        return self.comments[0] if self.ends_in_comment and len(self.comments) == 1 else ""

    @property
    def durations(self) -> tuple[Duration, ...]:
        """The durations in its prose, code left out."""
        return durations_in(_CODE.sub(" ` ", _COMMENT.sub(" ", "\n".join(self.lines))))


def durations_in(text: str) -> tuple[Duration, ...]:
    """The durations in a text: "0.5 s", "300 ms", "2 minutes", "two seconds", "half a second"."""
    return tuple(filter(None, map(_duration, _DURATION.finditer(" ".join(text.split())))))


def _duration(found: re.Match[str]) -> Duration | None:
    if found["half"]:
        return Duration(found[0], 0.5)
    if found["word"]:
        seconds = _NUMBERS[found["word"].lower()] * _UNITS[found["units"].lower()]
        return Duration(found[0], seconds)
    number = float(found["number"].replace(",", ""))
    if not found["gap"] and found["unit"] == "s" and number >= _MOST_WITHOUT_GAP:
        return None
    return Duration(found[0], number * _UNITS[found["unit"].lower()])


def lines_of(text: str) -> list[str]:
    """The lines of a README with their ends. Form feeds and the like do not end a line, unlike in `str.splitlines`."""
    return _LINE.findall(text)


def blocks_of(text: str) -> tuple[Block, ...]:
    """The bullets and paragraphs under the headings whose bullets are requirements, in order."""
    return tuple(block for block in _blocks(text) if block.prose or block.is_bullet)


def bullets_of(text: str) -> tuple[Block, ...]:
    """The requirements of a README."""
    return tuple(block for block in blocks_of(text) if block.is_bullet)


def heading_line(text: str, heading: str) -> int | None:
    """The number of a heading's line, from 1; None if there is no such section."""
    for number, line in enumerate(lines_of(text), 1):
        if (found := _HEADING.match(line.rstrip("\r\n"))) and found[1] == heading:
            return number
    return None


def _blocks(text: str) -> Iterator[Block]:
    heading, is_fenced = "", False
    first, lines = 0, list[str]()
    for number, ended in enumerate([*lines_of(text), "# "], 1):
        line = ended.rstrip("\r\n")
        found = None if is_fenced else _HEADING.match(line)
        begins = not is_fenced and _begins(line, lines)
        if lines and (found or begins):
            yield Block(heading, first, _stripped(lines), bool(_BULLET.match(lines[0])))
            lines = []
        if found:
            heading = found[1]
        elif heading in HEADINGS and (lines or line.strip()):
            first = first if lines else number
            lines.append(line)
        if _FENCE.match(line):
            is_fenced = not is_fenced


def _begins(line: str, lines: list[str]) -> bool:
    """Whether a line begins a new block after these lines."""
    if not line.strip():
        return False
    if _BULLET.match(line):
        return True
    is_after_gap = bool(lines) and not lines[-1].strip()
    is_nested = bool(lines and _BULLET.match(lines[0])) and line.startswith(("  ", "\t"))
    return is_after_gap and not is_nested


def _stripped(lines: list[str]) -> tuple[str, ...]:
    """The lines without empty ones at the end."""
    end = len(lines)
    while not lines[end - 1].strip():
        end -= 1
    return tuple(lines[:end])
