"""The examples of a kata, and the fewest by which every check fails."""

from pathlib import Path

import pytest

from grader.authoring.examples import Example, Kind, fewest_failing


def chosen(checks: str, *fails: str | None) -> str:
    """The positions of the chosen examples; each example fails these checks, a letter for each check."""
    examples = [
        Example(
            Kind.REJECTED,
            str(place),
            Path(f"{place}.py"),
            None if some is None else frozenset(some),
        )
        for place, some in enumerate(fails)
    ]
    return "".join(example.name for example in fewest_failing(examples, set(checks)))


@pytest.mark.parametrize(
    ("checks", "fails", "places"),
    [
        ("", ("a", "b"), ""),
        ("ab", ("a", "b", "ab"), "2"),
        ("ab", ("a", "b", "a"), "01"),
        ("ab", ("c", "ab", "abc"), "1"),
        ("abcd", ("abc", "ab", "cd"), "02"),
        # Taking the largest first would need three.
        ("abcdef", ("abcd", "ace", "bdf"), "12"),
    ],
)
def test_the_smallest_set_is_chosen_and_the_earliest_of_several(
    checks: str, fails: tuple[str, ...], places: str
) -> None:
    assert chosen(checks, *fails) == places


def test_a_check_that_no_example_fails_is_ignored() -> None:
    assert chosen("abz", "a", "b") == "01"


def test_an_example_without_a_declaration_is_not_chosen() -> None:
    assert chosen("a", None, "a") == "1"
