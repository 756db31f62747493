"""The screen of `kata watch`."""

from datetime import UTC, datetime

import pytest

from grader.render.terminal.watch import RULE_WIDTH, WatchScreen
from tests.render.hostile import RICH_LIVE, RICH_STYLES, kata_of, screen_output

KEYS = [("r", "grade again"), ("h", "hint"), ("q", "quit")]
AT = datetime(2026, 11, 23, 8, 15, tzinfo=UTC)


def test_a_rule_has_the_time_and_the_cause_of_a_grading() -> None:
    with screen_output() as written:
        WatchScreen().rule(AT, "saved")
    empty, rule = written.getvalue().splitlines()
    assert empty == ""
    assert rule.startswith("── 08:15:00  saved ──")
    assert len(rule) == RULE_WIDTH


@pytest.mark.parametrize(
    ("columns", "line"), [("80", "r grade again  h hint  q quit"), ("20", "keys: r h q")]
)
def test_the_line_of_keys_fits_the_terminal(
    columns: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with screen_output() as written:
        monkeypatch.setenv("COLUMNS", columns)
        WatchScreen().keys(KEYS)
    assert written.getvalue() == f"\n{line}\n"


def test_each_key_is_explained_on_a_line() -> None:
    with screen_output() as written:
        WatchScreen().explain([("r", "Grade again."), ("q", "Quit.")])
    assert written.getvalue() == "\n  r  Grade again.\n  q  Quit.\n"


def test_a_note_removes_the_live_line() -> None:
    with screen_output(terminal=True) as written:
        screen = WatchScreen()
        screen.begin(kata_of("x"))
        screen.check_begins("A check")
        screen.note("Saved again.")
    shown = written.getvalue()
    assert shown.endswith("Saved again.\n")
    assert "\x1b[?25h" in shown.removesuffix("Saved again.\n")  # the cursor is visible again
    assert "\x1b" not in RICH_LIVE.sub("", RICH_STYLES.sub("", shown))


def test_without_a_live_line_there_is_nothing_to_pause() -> None:
    with screen_output(terminal=True) as written:
        screen = WatchScreen()
        screen.pause()
        screen.resume()
    assert written.getvalue() == ""
