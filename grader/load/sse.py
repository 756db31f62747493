"""Server-sent events, as a visitor's browser reads them. Pure."""

import json


def event_data(body: bytes) -> list[object]:
    """The data of each whole event in a stream so far: parsed where it is JSON, as text where not.

    An event is whole once the empty line after it has come. Comments, and events without data, are left out; the fields
    `event`, `id` and `retry` are not looked at.
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
