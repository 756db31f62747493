"""Where a learner is: counted by tier, whatever the progress file holds."""

from collections.abc import Callable
from pathlib import Path

import pytest

from grader.catalog.find import Catalog, find_catalog
from grader.errors import KataPackageError
from grader.workspace.overview import last_finished, overview_of
from grader.workspace.progress import Entry, State

CATALOG = Catalog(Path("x"), ("a", "b", "c"), {1: "One", 2: "Two"}, {}, {"a": 1, "b": 1, "c": 2})


def test_tiers_states_and_the_current_kata() -> None:
    overview = overview_of(
        CATALOG,
        {
            "a": Entry(State.PASSED, hints=2),
            "b": Entry(State.GIVEN_UP, hints=3),
            "gone": Entry(State.PASSED),
        },
    )
    assert [(tier.number, tier.title, tier.passed, tier.states) for tier in overview.tiers] == [
        (1, "One", 1, (State.PASSED, State.GIVEN_UP)),
        (2, "Two", 0, (State.TODO,)),
    ]
    assert (overview.current, overview.total, overview.hints, overview.count(State.PASSED)) == (
        "c",
        3,
        5,
        1,
    )
    assert overview.slugs(State.GIVEN_UP, State.SKIPPED) == ["b"]


def test_nothing_is_current_when_all_is_passed_skipped_or_given_up() -> None:
    entries = {"a": Entry(State.PASSED), "b": Entry(State.SKIPPED), "c": Entry(State.GIVEN_UP)}
    assert overview_of(CATALOG, entries).current is None


def test_the_last_that_was_passed_or_given_up() -> None:
    entries = {
        "a": Entry(State.PASSED, "2026-02"),
        "b": Entry(State.GIVEN_UP, "2026-01"),
        "c": Entry(State.STARTED, "2026-03"),
    }
    assert last_finished(CATALOG, entries) == "a"
    assert last_finished(CATALOG, {}) is None


def test_a_kata_that_the_catalog_does_not_name_tells_its_tier_itself(
    make_kata: Callable[..., Path],
) -> None:
    make_kata("named")
    folder = make_kata("other")
    (folder / "catalog.toml").write_text('[[tier]]\nnumber = 3\ntitle = "T"\nkatas = ["named"]\n')
    catalog = find_catalog(folder)
    assert [(tier.number, tier.slugs) for tier in overview_of(catalog, {}).tiers] == [
        (1, ("other",)),
        (3, ("named",)),
    ]


def test_a_tier_without_a_number_is_an_error_of_the_catalog(make_kata: Callable[..., Path]) -> None:
    folder = make_kata("a")
    (folder / "catalog.toml").write_text('[[tier]]\nnumber = "1"\ntitle = "T"\nkatas = ["a"]\n')
    with pytest.raises(KataPackageError, match="must be an integer"):
        find_catalog(folder)
