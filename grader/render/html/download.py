"""The evidence of a run as the page carries it."""

import base64
import gzip
import re
from dataclasses import dataclass

import msgspec

from grader.evidence.run import Run

EVIDENCE_BYTES = 300_000
"""Evidence that takes more, packed and encoded, is not put into the page."""


@dataclass(frozen=True)
class Download:
    """A run to be downloaded.

    Attributes:
        name: of the file, without a suffix.
        data: the document, packed with gzip and encoded as base64; empty if it is too large for the page.
        size_bytes: of the document itself.
    """

    name: str
    data: str
    size_bytes: int

    @property
    def size(self) -> str:
        """The size of the document in words: "120 kB"."""
        return (
            f"{self.size_bytes / 1000:.0f} kB"
            if self.size_bytes < 1_000_000
            else f"{self.size_bytes / 1_000_000:.1f} MB"
        )


def download_of(run: Run) -> Download:
    """The evidence of a run, named as its file in the workspace is."""
    document = msgspec.json.encode(run)
    packed = base64.b64encode(gzip.compress(document, compresslevel=6, mtime=0)).decode()
    stamp = re.sub(r"[^0-9T]", "", run.began_at.split(".")[0])[:20]
    name = re.sub(r"[^a-z0-9-]", "-", run.kata.lower())[:60]
    return Download(
        f"{name}-{stamp}", packed if len(packed) <= EVIDENCE_BYTES else "", len(document)
    )
