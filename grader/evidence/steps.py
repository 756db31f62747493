"""Migrates saved runs from older formats, one function per format. Pure.

The files may be damaged. A migration leaves unexpected data unchanged; decoding then refuses it.
"""

from collections.abc import Iterator
from typing import Any

from grader.formats import Document

WHAT_CHARS = 500
"""Maximum length of `what` in format 2. Unlike the limit in `traffic`, it must never change."""

NEW_NAMES = {"arrived_s": "began_s", "released_s": "answered_s"}


def from_1_to_2(run: Document) -> Document:
    """Turn the upstream's calls into service events, and add the noun to an excess of the database."""
    for record in _tables(run.get("checks")):
        for attempt in _tables(record.get("attempts")):
            calls = attempt.pop("calls", [])
            attempt["events"] = (
                [_event(call) for call in calls] if isinstance(calls, list) else calls
            )
            _name_the_excess(attempt)
    return run


def _name_the_excess(attempt: Document) -> None:
    life = attempt.get("life")
    excess = life.get("exceeded") if isinstance(life, dict) else None
    if isinstance(excess, dict) and excess.get("what") == "database_bytes":
        excess |= {"noun": "Database", "of": "on disk"}


def _tables(value: object) -> Iterator[Document]:
    return (
        (part for part in value if isinstance(part, dict)) if isinstance(value, list) else iter(())
    )


def _event(call: Any) -> Any:
    if not isinstance(call, dict):
        return call
    event = {
        NEW_NAMES.get(key, key): value
        for key, value in call.items()
        if key not in ("method", "path")
    }
    if isinstance(call.get("method"), str) and isinstance(call.get("path"), str):
        event["what"] = f"{call['method']} {call['path']}"[:WHAT_CHARS]
    return {"service": "upstream", "kind": "call", **event}
