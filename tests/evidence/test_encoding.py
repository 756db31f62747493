"""Documents as JSON, whatever text they contain."""

import msgspec

from grader.evidence.encoding import encoded
from grader.evidence.traffic import ServiceEvent

HALF = "\ud800"
"""A lone surrogate: a valid Python string, and no valid Unicode."""


class Notes(msgspec.Struct):
    """Text in every place that JSON has for it."""

    by_key: dict[str, tuple[str, ...]]


def test_ordinary_text_is_kept() -> None:
    event = ServiceEvent(id=1, service="cache", what="GET naïve ☕ 𝄞", began_s=0.1)
    assert encoded(event) == msgspec.json.encode(event)


def test_half_a_character_becomes_a_question_mark_in_keys_and_values() -> None:
    document = encoded(Notes({f"a{HALF}": ("b", f"{HALF}c")}))
    assert msgspec.json.decode(document, type=Notes) == Notes({"a?": ("b", "?c")})
