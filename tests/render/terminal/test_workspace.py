"""The screen between two gradings acts on nothing, whatever a kata, a progress file or a learner's folder holds."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.render.terminal.workspace import LIMIT_LINES, WorkspaceScreen
from grader.workspace.difference import Difference
from grader.workspace.progress import State
from grader.workspace.standing import Standing, TierStanding
from grader.workspace.upgrade import Change, Part
from tests.render.hostile import RICH_STYLES, assert_acts_on_nothing, hostile_text, screen_output


def standing_of(text: str) -> Standing:
    tiers = tuple(
        TierStanding(number, text, (text,) * 9, tuple(State) + (State.TODO,) * 4)
        for number in (1, 2)
    )
    return Standing(tiers, text, 3)


def show_all(text: str) -> None:
    screen = WorkspaceScreen()
    screen.standing(standing_of(text))
    screen.kata(text, text)
    screen.the_end(standing_of(text))
    screen.hint(1, 3, text)
    screen.heading(text, text)
    screen.source([text, f"{text}\n"])
    screen.differences(
        [
            Difference(text, (f"+{text}", f"-{text}", f"@@{text}", f"+++ {text}", text)),
            Difference(text, note=text),
        ]
    )
    for is_untouched in (True, False):
        screen.change(
            Change(text, Path("x"), Path("x"), tuple(Part), {}, {}, False, is_untouched), Path("x")
        )
    screen.changes_of_passed([text] * 3)


@pytest.mark.parametrize(
    ("terminal", "no_colour"),
    [(False, False), (True, False), (True, True)],
    ids=["pipe", "terminal", "terminal without colour"],
)
@settings(max_examples=20, deadline=None)
@given(text=hostile_text)
def test_whatever_is_shown_acts_on_nothing(terminal: bool, no_colour: bool, text: str) -> None:
    with screen_output(terminal=terminal, no_colour=no_colour) as written:
        show_all(text)
    assert_acts_on_nothing(RICH_STYLES.sub("", written.getvalue()))


def test_a_diff_without_end_is_cut_off() -> None:
    with screen_output() as written:
        WorkspaceScreen().diff(["+x"] * (LIMIT_LINES + 5))
    assert written.getvalue().splitlines()[-1] == "(5 more lines)"


@given(st.integers(0, 300), st.integers(1, 300))
@settings(max_examples=20, deadline=None)
def test_the_bar_is_full_when_all_is_passed_and_not_before(passed: int, total: int) -> None:
    passed = min(passed, total)
    states = (State.PASSED,) * passed + (State.TODO,) * (total - passed)
    with screen_output() as written:
        WorkspaceScreen().standing(
            Standing((TierStanding(1, "T", tuple(map(str, range(total))), states),), None)
        )
    bar = written.getvalue().splitlines()[1]
    assert bar.endswith(" 100 %") == ("░" not in bar) == (passed == total)
