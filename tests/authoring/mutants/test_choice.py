"""Which mutants are graded."""

import random

from hypothesis import given
from hypothesis import strategies as st

from grader.authoring.mutants.choice import MOST, chosen
from grader.authoring.mutants.mutant import Mutant


def made(*places: tuple[str, int]) -> list[Mutant]:
    return [
        Mutant(operator, line, number, "", "") for number, (operator, line) in enumerate(places, 1)
    ]


places = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(1, 8)), max_size=60, unique=True
).map(lambda some: made(*sorted(some, key=lambda each: each[1])))


@given(places)
def test_all_are_chosen_if_they_are_few(mutants: list[Mutant]) -> None:
    assert chosen(mutants[:MOST]) == mutants[:MOST]


@given(places)
def test_every_operator_and_line_is_represented_if_there_is_room(mutants: list[Mutant]) -> None:
    room = len({each.operator for each in mutants}) + len({each.line for each in mutants})
    some = chosen(mutants, room)
    assert {each.operator for each in some} == {each.operator for each in mutants}
    assert {each.line for each in some} == {each.line for each in mutants}


def test_no_operator_is_repeated_on_a_known_line_while_another_is_missing() -> None:
    mutants = made(("a", 1), ("a", 2), ("a", 3), ("b", 3), ("c", 3))
    assert [each.operator for each in chosen(mutants, 4)] == ["a", "a", "b", "c"]


def test_the_choice_is_the_same_every_time_and_in_the_order_of_the_program() -> None:
    generator = random.Random(1)
    mutants = made(
        *sorted((generator.choice("abcdefgh"), generator.randrange(30)) for _ in range(90))
    )
    some = chosen(mutants)
    assert len(some) == MOST
    assert some == chosen(mutants) == [each for each in mutants if each in some]
