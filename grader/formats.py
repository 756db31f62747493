"""The one rule for documents that have a format number: what is read as it is, what is brought up to date first, what
is refused.

A document's format has one number. It goes up when an older version of this package would misread a new document; a new
key alone does not raise it. For each older number that is still read there is a step that makes a document of the next
one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

RUN_FORMAT = 2
"""Of a saved run: `grader.evidence.files` reads and writes it."""

KATA_FORMAT = 1
"""Of a kata's manifest, `kata.toml`."""

PROGRESS_FORMAT = 1
"""Of the progress file and of exported progress."""

REPORT_FORMAT = 1
"""Of the documents that commands print with `--json`. They are written and never read, so there are no steps."""

UPGRADE = "Upgrade fastapi-katas with `pip install --upgrade fastapi-katas`."

Document = dict[str, Any]
Step = Callable[[Document], Document]
"""Makes a document of the next format. It leaves alone what it does not know or finds damaged: that is for the reader
to refuse.
"""


@dataclass(frozen=True)
class Refusal:
    """Why a document is not read.

    Attributes:
        found: the document's number.
        readable: which numbers this version reads, in words: "1", "up to 2".
        is_newer: a newer version wrote it; else it is too old.
        hint: what to do about it, one sentence.
    """

    found: int
    readable: str
    is_newer: bool
    hint: str

    def sentence(self, what: str) -> str:
        """What is said of it: "The run x.json has format 7; this version reads up to 2."."""
        return f"{what} has format {self.found}; this version reads {self.readable}."


@dataclass(frozen=True)
class Format:
    """The formats of one kind of document.

    Args:
        current: the number that this version writes.
        steps: by older number, what makes a document of the next one.
        older_hint: what to do with a document for which there is no step: the command that migrates it, if there is
            one.
    """

    current: int
    steps: Mapping[int, Step] = field(default_factory=dict)
    older_hint: str = ""

    def refusal(self, found: int) -> Refusal | None:
        """Why a document with this number is not read; None when it is."""
        if self._oldest <= found <= self.current:
            return None
        readable = str(self.current) if self._oldest == self.current else f"up to {self.current}"
        is_newer = found > self.current
        return Refusal(found, readable, is_newer, UPGRADE if is_newer else self.older_hint)

    def migrated(self, document: Document) -> Document:
        """The document in the current format, by one step after another.

        Args:
            document: with a number in `format` that is not refused; it may be changed.
        """
        for number in range(document["format"], self.current):
            document = {**self.steps[number](document), "format": number + 1}
        return document

    @property
    def _oldest(self) -> int:
        """The oldest number from which an unbroken row of steps leads to the current one."""
        oldest = self.current
        while oldest - 1 in self.steps:
            oldest -= 1
        return oldest
