"""Ids of requirements in a README: comments that authors write and learners never see."""

import re

REQUIREMENT_ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

_WITH_ID = re.compile(
    rf"(?:[ \t]*\r?\n)?[ \t]*<!--\s*{REQUIREMENT_ID.pattern}\s*-->(?=[ \t]*\r?$)", re.MULTILINE
)


def without_ids(text: str) -> str:
    """A README as learners get it: without the comments `<!-- id -->` at ends of lines."""
    return _WITH_ID.sub("", text)
