"""Foreign text never acts on the reader."""

import csv
import html
import io
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.render.quoted import csv_line, for_csv, for_html
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
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    assert escaped(escaped(text)) == escaped(text)
    assert printable(printable(text)) == printable(text)
    assert escaped(text).isprintable()
    assert len(escaped(text, 100)) <= 100


@pytest.mark.slow
def test_every_code_point_is_shown_or_named() -> None:
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
def test_what_shows_nothing_is_named(invisible: str) -> None:
    assert escaped(f"a{invisible}b") == f"a\\u{ord(invisible):04x}b".replace(
        "\\ue0041", "\\U000e0041"
    )


def test_a_few_marks_belong_to_a_letter_and_a_stack_of_them_does_not() -> None:
    assert escaped("e\u0301\u0323\u0302x") == "e\u0301\u0323\u0302x"
    assert escaped("e" + "\u0301" * 5) == "e\u0301\u0301\u0301\\u0301\\u0301"


@pytest.mark.parametrize(
    "text", ["größe", "价格", "цена", "מחיר", "السعر", "ราคา", "🐍", "Tiếng Việt"]
)
def test_text_of_any_script_is_shown_as_it_is(text: str) -> None:
    assert printable(text) == text


# ---- HTML
# -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("\" onload='x'", "&quot; onload=&#x27;x&#x27;"),
        ("&lt;", "&amp;lt;"),
        ("a\u202eb\nc", "a\\u202eb c"),
    ],
)
def test_html_has_neither_tags_nor_quotes(text: str, safe: str) -> None:
    assert for_html(text) == safe


@given(hostile_text)
def test_html_is_read_back_as_the_printable_text(text: str) -> None:
    class Reader(HTMLParser):
        seen = ""

        def handle_data(self, data: str) -> None:
            self.seen += data

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            assert (tag, attrs) == ("p", [("title", printable(text))])

    reader = Reader()
    reader.feed(f'<p title="{for_html(text)}">{for_html(text)}</p>')
    reader.close()
    assert reader.seen == printable(text) == html.unescape(for_html(text))


# ---- CSV
# ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\uff1d", "\t=", "\r=", "\n=", "  ="])
def test_no_cell_is_a_formula(start: str) -> None:
    cell = for_csv(f"{start}HYPERLINK(1)")
    assert cell == f"'{start.strip()}HYPERLINK(1)"


@given(st.lists(hostile_text, min_size=1, max_size=4))
def test_a_line_of_csv_has_the_cells_that_were_put_in(texts: list[str]) -> None:
    line = csv_line([*texts, 1.5, -2, None])
    (cells,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert cells == [*(for_csv(text) for text in texts), "1.5", "-2", ""]
    assert line.endswith("\r\n")
    assert line[:-2].isprintable()
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in cells[:-2])
    assert all(len(cell) <= 300 for cell in cells)


def test_quotes_in_csv_are_doubled() -> None:
    assert csv_line(['a "quoted", b']) == '"a ""quoted"", b"\r\n'
