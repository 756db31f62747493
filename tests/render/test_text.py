"""Foreign text is made safe to show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.render.text import escaped, printable
from tests.render.hostile import hostile_text


def test_controls_and_bidi_marks_become_code_points() -> None:
    assert printable("a\x1b[31m\u202eb") == "a\\u001b[31m\\u202eb"


def test_a_text_becomes_one_bounded_line() -> None:
    assert printable("a\n b\tc") == "a b c"
    assert len(printable("x" * 10_000, 50)) == 50


@given(st.text(max_size=400))
def test_nothing_that_a_terminal_acts_on_is_left(text: str) -> None:
    safe = printable(text)
    assert safe.isprintable()
    assert len(safe) <= 300


@given(hostile_text)
def test_safe_text_stays_as_it_is(text: str) -> None:
    assert escaped(escaped(text)) == escaped(text)
    assert printable(printable(text)) == printable(text)
    assert escaped(text).isprintable()
    assert len(escaped(text, 100)) <= 100


@pytest.mark.slow
def test_every_code_point_is_shown_or_escaped() -> None:
    for code in range(0x110000):
        shown = escaped(chr(code))
        assert shown.isprintable()
        assert shown in (chr(code), " ", f"\\u{code:04x}", f"\\U{code:08x}")


@pytest.mark.parametrize(
    "invisible",
    [
        "\u200b",
        "\u200d",
        "\u00ad",
        "\ufeff",
        "\u3164",
        "\u115f",
        "\u2800",
        "\ufe0f",
        "\u034f",
        "\U000e0041",
    ],
)
def test_a_character_without_a_glyph_is_escaped(invisible: str) -> None:
    assert escaped(f"a{invisible}b") == f"a\\u{ord(invisible):04x}b".replace(
        "\\ue0041", "\\U000e0041"
    )


def test_a_few_combining_marks_are_kept_and_a_stack_of_them_is_escaped() -> None:
    assert escaped("e\u0301\u0323\u0302x") == "e\u0301\u0323\u0302x"
    assert escaped("e" + "\u0301" * 5) == "e\u0301\u0301\u0301\\u0301\\u0301"


@pytest.mark.parametrize(
    "text", ["größe", "价格", "цена", "מחיר", "السعر", "ราคา", "🐍", "Tiếng Việt"]
)
def test_text_of_any_script_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text
