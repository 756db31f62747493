"""Encodes evidence and messages as JSON, even if their texts are not valid Unicode."""

import msgspec


def encoded(document: msgspec.Struct) -> bytes:
    """A document as JSON. Lone surrogates, which Python strings may contain and UTF-8 cannot encode, become question
    marks.
    """
    try:
        return msgspec.json.encode(document)
    except UnicodeEncodeError:
        return msgspec.json.encode(_whole(msgspec.to_builtins(document)))


def _whole(value: object) -> object:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, dict):
        return {_whole(key): _whole(part) for key, part in value.items()}
    return [_whole(part) for part in value] if isinstance(value, list | tuple) else value
