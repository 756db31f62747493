"""Format numbers of documents: which are read, which are migrated first, and which are refused.

A document's format is one number. It increases when an older version of this package would misread a new document; a
new key alone does not increase it. For each older format that can still be read, a step converts a document to the next
format.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

RUN_FORMAT = 2
"""Saved runs, which `grader.evidence.files` reads and writes."""

KATA_FORMAT = 2
"""Manifests of katas, `kata.toml`."""

PROGRESS_FORMAT = 1
"""The progress file, and exported progress."""

REPORT_FORMAT = 1
"""Documents that commands print with `--json`. The grader never reads them, so nothing migrates them."""

UPGRADE = "Upgrade fastapi-katas with `pip install --upgrade fastapi-katas`."

Document = dict[str, Any]
Step = Callable[[Document], Document]
"""Converts a document to the next format. It leaves unknown and damaged parts alone; the reader refuses them."""


@dataclass(frozen=True)
class Refusal:
    """Why a document cannot be read.

    Attributes:
        found: the document's format.
        readable: the formats that this version reads, in words: "1", "up to 2".
        is_newer: whether a newer version wrote it; if not, it is too old.
        hint: what to do, one sentence.
    """

    found: int
    readable: str
    is_newer: bool
    hint: str

    def sentence(self, what: str) -> str:
        """The message, such as "The run x.json has format 7; this version reads up to 2."."""
        return f"{what} has format {self.found}; this version reads {self.readable}."


@dataclass(frozen=True)
class Format:
    """The formats of one kind of document.

    Args:
        current: the format that this version writes.
        steps: by older format, the step to the next one.
        older_hint: what to do with a document for which there is no step: the command that migrates it, if any.
    """

    current: int
    steps: Mapping[int, Step] = field(default_factory=dict)
    older_hint: str = ""

    def refusal(self, found: int) -> Refusal | None:
        """Why a document of this format cannot be read; None if it can."""
        if self._oldest <= found <= self.current:
            return None
        readable = str(self.current) if self._oldest == self.current else f"up to {self.current}"
        is_newer = found > self.current
        return Refusal(found, readable, is_newer, UPGRADE if is_newer else self.older_hint)

    def migrated(self, document: Document) -> Document:
        """The document, converted to the current format.

        Args:
            document: its `format` must be readable; it may be modified.
        """
        for number in range(document["format"], self.current):
            document = {**self.steps[number](document), "format": number + 1}
        return document

    @property
    def _oldest(self) -> int:
        """The oldest format that can be migrated, step by step, to the current one."""
        oldest = self.current
        while oldest - 1 in self.steps:
            oldest -= 1
        return oldest
