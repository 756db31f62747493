"""Relations between the numbers that decide a proof."""

from grader.authoring.thresholds import ABOVE, BELOW, LEISURE_S, MAJORITY, ROUNDS

MOST_OWN_TIME_S = 0.045
"""What right apps had beyond their waiting, measured quiet and beside 32 busy processes."""


def test_an_accepted_example_needs_a_larger_factor_than_a_rejected_one() -> None:
    assert ABOVE > BELOW > 1


def test_a_leisurely_example_has_room_for_the_most_own_time_that_was_measured() -> None:
    assert LEISURE_S > MOST_OWN_TIME_S


def test_rounds_have_a_middle_and_a_majority() -> None:
    assert ROUNDS % 2 == 1
    assert (ROUNDS - 1) / 2 < MAJORITY * ROUNDS < (ROUNDS + 1) / 2
