"""Ids of requirements in a README: comments that authors write and learners never see."""

import re
from pathlib import Path

REQUIREMENT_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_WITH_ID = re.compile(
    rf"(?:[ \t]*\r?\n)?[ \t]*<!--\s*{REQUIREMENT_ID.pattern}\s*-->(?=[ \t]*\r?$)", re.MULTILINE
)


def without_ids(text: str) -> str:
    """A README as learners get it: without the comments `<!-- id -->` at ends of lines."""
    return _WITH_ID.sub("", text)


def learners_readme(path: Path) -> bytes:
    """The content of a README file as learners get it.

    Raises:
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    # Bytes that are not UTF-8 are handed out as they are.
    return without_ids(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
