"""The screen of `kata list`."""

import io
from collections.abc import Mapping
from pathlib import Path

import pytest

from grader.catalog.card import Card
from grader.catalog.index import Index
from grader.render.terminal.catalog import CatalogScreen
from grader.workspace.progress import State
from tests.render.hostile import screen_output

CARDS = [
    Card(name, f"The {name}", tier, "x", ()) for name, tier in (("one", 1), ("two", 1), ("six", 2))
]
INDEX = Index(Path("x"), ("one", "two", "six"), {1: "Blocking"}, {})


def listed(
    states: Mapping[str, State], current: str | None = None, total: int | None = None
) -> list[str]:
    with screen_output() as written:
        CatalogScreen().catalog(INDEX, CARDS, states, current, total)
    return [line.rstrip() for line in written.getvalue().splitlines()]


def test_katas_are_listed_by_tier_and_counted() -> None:
    assert listed({"one": State.PASSED}, "two") == [
        "Tier 1 · Blocking",
        " ✓  one  The one  passed",
        " ›  two  The two  current",
        "",
        "Tier 2",
        "    six  The six",
        "",
        "1 of 3 passed.",
    ]


@pytest.mark.parametrize(
    ("state", "line"),
    [
        (State.SKIPPED, " -  one  The one  skipped"),
        (State.GIVEN_UP, " ~  one  The one  given up"),
        (State.STARTED, " ›  one  The one"),
        (State.TODO, "    one  The one"),
    ],
)
def test_each_state_has_a_mark(state: State, line: str) -> None:
    assert listed({"one": state})[1] == line


def test_a_selection_says_how_many_katas_there_are() -> None:
    assert listed({"one": State.PASSED}, total=19)[-1] == "3 of 19 katas, 1 of them passed."


def test_a_narrow_terminal_shows_no_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    with screen_output() as written:
        monkeypatch.setenv("COLUMNS", "40")
        CatalogScreen().catalog(INDEX, CARDS, {"one": State.PASSED}, None)
    assert written.getvalue().splitlines()[1].rstrip() == " ✓  one  passed"


def test_a_terminal_without_the_marks_gets_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding="ascii") as stream:
        monkeypatch.setattr("sys.stdout", stream)
        CatalogScreen().catalog(INDEX, CARDS, {"one": State.PASSED}, "two")
        stream.flush()
        stream.seek(0)
        lines = stream.read().splitlines()
    assert [line[:3] for line in lines[1:3]] == [" x ", " > "]
