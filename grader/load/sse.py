"""Parses server-sent events as browsers do. Pure."""

import json


def event_data(body: bytes) -> list[object]:
    """The data of each complete event so far: parsed if it is JSON, as text otherwise.

    An empty line completes an event. Comments, events without data and the fields `event`, `id` and `retry` are
    ignored.
    """
    text = body.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
    blocks = [block.split("\n") for block in text.split("\n\n")[:-1]]
    found = [
        [line.removeprefix("data:").removeprefix(" ") for line in block if line.startswith("data:")]
        for block in blocks
    ]
    return [_parsed("\n".join(lines)) for lines in found if lines]


def _parsed(data: str) -> object:
    try:
        parsed: object = json.loads(data)
    except (ValueError, RecursionError):
        return data
    return parsed
