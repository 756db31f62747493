"""The screen that every command writes to."""

import io
import sys

import pytest

from grader.errors import SolutionError
from grader.render.terminal.screen import Screen, Text
from grader.render.text import ELLIPSIS
from tests.render.hostile import RICH_STYLES, assert_acts_on_nothing, screen_output


def test_lines_are_wrapped_to_the_width_of_a_terminal() -> None:
    with screen_output(terminal=True) as written:
        Screen().say("word " * 20)
    assert max(map(len, written.getvalue().splitlines())) <= 80
    assert len(written.getvalue().splitlines()) == 2


def test_lines_are_not_wrapped_for_a_pipe() -> None:
    with screen_output() as written:
        Screen().say("word " * 20)
    assert len(written.getvalue().splitlines()) == 1


def test_a_line_to_be_copied_is_never_wrapped() -> None:
    with screen_output(terminal=True) as written:
        Screen().say_whole("x" * 300)
    assert written.getvalue() == "x" * 300 + "\n"


def test_an_error_has_what_happened_and_what_to_do() -> None:
    with screen_output() as written:
        Screen().error(SolutionError("There is no app.py.", "Write one."))
    assert written.getvalue() == "Error: There is no app.py.\nWrite one.\n"


def test_an_error_without_a_hint_is_one_line() -> None:
    with screen_output() as written:
        Screen().error(SolutionError("There is no app.py.", ""))
    assert written.getvalue() == "Error: There is no app.py.\n"


def test_errors_may_go_to_stderr() -> None:
    stderr = io.StringIO()
    with screen_output() as written, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", stderr)
        Screen(to_stderr=True).say("oops")
    assert (written.getvalue(), stderr.getvalue()) == ("", "oops\n")


def test_markup_is_shown_as_it_is_written() -> None:
    with screen_output(terminal=True) as written:
        Screen().say("[red]x[/red] :smile:")
    assert RICH_STYLES.sub("", written.getvalue()) == "[red]x[/red] :smile:\n"


def test_a_text_is_safe_and_so_is_what_is_appended() -> None:
    text = Text("a\x1b[2J").append("\nb\u202e", style="bold")
    assert_acts_on_nothing(text.plain)
    assert text.plain == "a\\u001b[2J b\\u202e"


def test_a_very_long_text_is_cut_off() -> None:
    assert Text("x" * 10_000).plain.endswith(ELLIPSIS)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "12 x 3... >= \\u6c49"),
        ("latin-1", "12 × 3... >= \\u6c49"),
        ("utf-8", "12 × 3… ≥ 汉"),
    ],
)
def test_characters_that_a_terminal_lacks_are_replaced(
    encoding: str, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding=encoding) as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        Screen().say("12 × 3… ≥ 汉")
        stream.flush()
        stream.seek(0)
        assert stream.read() == f"{shown}\n"
