"""A mutant: a program with one small change."""

from dataclasses import dataclass

from grader.workspace.difference import split_lines, unified

MOST_LINES = 40
"""Longer diffs are cut off."""


@dataclass(frozen=True)
class Mutant:
    """A program with one small change.

    Attributes:
        operator: the kind of change.
        line: where the reference was changed.
        number: tells mutants of the same operator and line apart, from 1.
        text: the changed program, as people read it.
        source: the changed program, as it runs.
    """

    operator: str
    line: int
    number: int
    text: str
    source: str

    @property
    def key(self) -> str:
        """The name in `mutants.toml`: "drop-await:57", and "drop-await:57.2" for the second of its kind in a line."""
        suffix = f".{self.number}" if self.number > 1 else ""
        return f"{self.operator}:{self.line}{suffix}"

    def diff(self, reference: str) -> tuple[str, ...]:
        """The unified diff from the reference, without its two lines of names, and of at most `MOST_LINES`."""
        lines = unified(split_lines(reference), split_lines(self.text), "", "")[2:]
        if len(lines) <= MOST_LINES:
            return lines
        return (*lines[:MOST_LINES], f"… {len(lines) - MOST_LINES} more lines")
