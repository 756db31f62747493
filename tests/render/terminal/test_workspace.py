"""The screen of a learner's workspace."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grader.render.terminal.workspace import LIMIT_LINES, WorkspaceScreen
from grader.workspace.difference import Difference
from grader.workspace.overview import Overview, TierOverview
from grader.workspace.progress import State
from grader.workspace.upgrade import Change, Part
from tests.render.hostile import RICH_STYLES, assert_acts_on_nothing, hostile_text, screen_output


def overview_of(text: str) -> Overview:
    tiers = tuple(
        TierOverview(number, text, (text,) * 9, tuple(State) + (State.TODO,) * 4)
        for number in (1, 2)
    )
    return Overview(tiers, text, 3)


def show_all(text: str) -> None:
    screen = WorkspaceScreen()
    screen.overview(overview_of(text))
    screen.kata(text, text)
    screen.the_end(overview_of(text))
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
def test_nothing_in_a_workspace_acts_on_the_terminal(
    terminal: bool, no_colour: bool, text: str
) -> None:
    with screen_output(terminal=terminal, no_colour=no_colour) as written:
        show_all(text)
    assert_acts_on_nothing(RICH_STYLES.sub("", written.getvalue()))


def test_a_very_long_diff_is_cut_off() -> None:
    with screen_output() as written:
        WorkspaceScreen().diff(["+x"] * (LIMIT_LINES + 5))
    assert written.getvalue().splitlines()[-1] == "(5 more lines)"


@given(st.integers(0, 300), st.integers(1, 300))
@settings(max_examples=20, deadline=None)
def test_the_bar_is_full_only_when_every_kata_is_passed(passed: int, total: int) -> None:
    passed = min(passed, total)
    states = (State.PASSED,) * passed + (State.TODO,) * (total - passed)
    with screen_output() as written:
        WorkspaceScreen().overview(
            Overview((TierOverview(1, "T", tuple(map(str, range(total))), states),), None)
        )
    bar = written.getvalue().splitlines()[1]
    assert bar.endswith(" 100 %") == ("░" not in bar) == (passed == total)


# ---- progress ----


def overview_with(*states: State, current: str | None = None) -> Overview:
    slugs = tuple(f"kata-{i}" for i in range(len(states)))
    return Overview((TierOverview(1, "Blocking", slugs, states),), current)


def test_a_tier_has_a_count_and_a_mark_for_each_kata() -> None:
    overview = overview_with(
        State.PASSED, State.SKIPPED, State.GIVEN_UP, State.TODO, State.TODO, current="kata-3"
    )
    with screen_output() as written:
        WorkspaceScreen().overview(overview)
    lines = [line.rstrip() for line in written.getvalue().splitlines()]
    assert lines[0] == "1 of 5 katas passed"
    assert lines[1].endswith(" 20 %")
    assert lines[3].split("  ")[0] == "Tier 1 · Blocking"
    assert lines[3].endswith("1 of 5  ✓-~›·")
    assert lines[4] == "- skipped, ~ given up"


def test_a_narrow_terminal_shows_no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    with screen_output() as written:
        monkeypatch.setenv("COLUMNS", "50")
        WorkspaceScreen().overview(overview_with(State.PASSED, State.SKIPPED))
    assert "✓" not in written.getvalue()
    assert "skipped" not in written.getvalue()
    assert max(map(len, written.getvalue().splitlines())) <= 50


def test_the_end_lists_what_was_skipped_or_given_up() -> None:
    with screen_output() as written:
        WorkspaceScreen().the_end(overview_with(State.PASSED, State.SKIPPED, State.GIVEN_UP))
    assert written.getvalue().splitlines() == [
        "You have reached the end: 1 of 3 katas passed.",
        "Skipped or given up:",
        "  kata check kata-1",
        "  kata check kata-2",
    ]


def test_the_end_congratulates_when_every_kata_is_passed() -> None:
    with screen_output() as written:
        WorkspaceScreen().the_end(overview_with(State.PASSED, State.PASSED))
    assert written.getvalue() == "Congratulations: you have passed all 2 katas.\n"


# ---- hints, diffs ----


def test_a_hint_has_its_number() -> None:
    with screen_output() as written:
        WorkspaceScreen().hint(2, 3, "Look at the loop.")
    assert [line.rstrip() for line in written.getvalue().splitlines()] == [
        "Hint 2 of 3",
        "   Look at the loop.",
    ]


def test_a_source_can_be_copied() -> None:
    with screen_output(terminal=True) as written:
        WorkspaceScreen().source(["def f():\n", "\treturn " + "x" * 100 + "\n"])
    shown = RICH_STYLES.sub("", written.getvalue())
    assert shown == "def f():\n    return " + "x" * 100 + "\n"


def test_differences_are_counted() -> None:
    with screen_output() as written:
        count = WorkspaceScreen().differences(
            [Difference("app.py", ("-a", "+b")), Difference("x.bin", note="x.bin is not text.")]
        )
    assert count == 2
    assert written.getvalue() == "-a\n+b\nx.bin is not text.\n"


# ---- a newer version ----


@pytest.mark.parametrize(
    ("is_untouched", "advice"),
    [
        (True, "Starter: yours is unchanged; `kata reset tiny` gives you the new one."),
        (False, "`kata reset tiny` gives you the new one and keeps a backup of yours."),
    ],
)
def test_a_changed_starter_comes_with_advice(is_untouched: bool, advice: str) -> None:
    change = Change("tiny", Path("x"), Path("x"), (Part.STARTER,), {}, {}, False, is_untouched)
    with screen_output() as written:
        WorkspaceScreen().change(change, None)
    told = " ".join(written.getvalue().split())
    assert told.startswith("tiny has changed since it was handed out. Your files are as you left")
    assert told.endswith(advice)
