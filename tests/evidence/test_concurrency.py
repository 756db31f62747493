"""How many things were under way at once."""

import pytest

from grader.evidence.concurrency import peak


@pytest.mark.parametrize(
    ("intervals", "most"),
    [
        ([], 0),
        ([(0.0, 1.0)], 1),
        ([(0.0, 3.0), (1.0, 2.0)], 2),
        ([(0.0, None), (5.0, None), (9.0, 10.0)], 3),
    ],
    ids=["nothing", "one", "one inside another", "still open"],
)
def test_overlapping_intervals_are_counted(
    intervals: list[tuple[float, float | None]], most: int
) -> None:
    assert peak(intervals) == most


def test_an_interval_that_ends_when_another_starts_does_not_overlap_it() -> None:
    assert peak([(0.0, 1.0), (1.0, 2.0), (1.5, None)]) == 2


def test_the_order_of_the_intervals_does_not_matter() -> None:
    intervals = [(2.0, 4.0), (0.0, 1.0), (3.0, 5.0), (3.5, 3.6)]
    assert peak(intervals) == peak(sorted(intervals)) == 3
