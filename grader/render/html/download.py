"""The evidence of a run, embedded in the page for download."""

import base64
import gzip
import re
from dataclasses import dataclass

import msgspec

from grader.evidence.run import Run

EVIDENCE_BYTES = 300_000
"""Evidence that is larger than this, compressed and encoded, is not embedded."""


@dataclass(frozen=True)
class Download:
    """A downloadable run.

    Attributes:
        name: of the file, without a suffix.
        data: the document, compressed with gzip and encoded in base64; empty if it is too large for the page.
        size_bytes: of the uncompressed document.
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
    """The evidence of a run, with the same name as its file in the workspace."""
    document = msgspec.json.encode(run)
    packed = base64.b64encode(gzip.compress(document, compresslevel=6, mtime=0)).decode()
    stamp = re.sub(r"[^0-9T]", "", run.began_at.split(".")[0])[:20]
    name = re.sub(r"[^a-z0-9-]", "-", run.kata.lower())[:60]
    return Download(
        f"{name}-{stamp}", packed if len(packed) <= EVIDENCE_BYTES else "", len(document)
    )
