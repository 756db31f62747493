"""Load shapes as plain data: who sends when, and under which number."""

import pytest

from grader.load.shapes import Schedule, Sending, at_once, at_rate


def test_a_burst_has_all_visitors_connected_and_sending_at_the_beginning() -> None:
    schedule = at_once(3)
    assert schedule.sendings == (Sending(),) * 3
    assert schedule.connected_first
    assert schedule.is_burst


@pytest.mark.parametrize(
    "wrong",
    [
        {"offset_s": -1},
        {"leave_after_s": -1},
        {"leave_after_s": float("nan")},
        {"read_bytes_per_s": 0},
        {"read_bytes_per_s": -1},
    ],
)
def test_a_visitor_cannot_send_or_leave_earlier_than_at_once_or_read_nothing(
    wrong: dict[str, float],
) -> None:
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        Sending(**wrong)  # type: ignore[arg-type]


def test_a_steady_stream_has_a_visitor_every_so_many_seconds() -> None:
    schedule = at_rate(4, 1.0)
    assert [sending.offset_s for sending in schedule.sendings] == [0.0, 0.25, 0.5, 0.75]
    assert not schedule.connected_first
    assert not schedule.is_burst


def test_even_the_shortest_stream_has_one_visitor_and_is_not_a_burst() -> None:
    schedule = at_rate(4, 0.01)
    assert schedule.sendings == (Sending(),)
    assert not schedule.is_burst


@pytest.mark.parametrize(
    ("schedule", "numbers"),
    [
        (at_once(3), [10, 11, 12]),
        (at_once(3, [7, 7, 5]), [7, 7, 5]),
        (at_rate(4, 0.5), [10, 11]),
        (Schedule((Sending(), Sending(n=3), Sending())), [10, 3, 12]),
    ],
)
def test_a_visitor_without_a_number_gets_the_next_one(
    schedule: Schedule, numbers: list[int]
) -> None:
    assert schedule.numbers(10) == numbers


def test_waves_are_not_a_burst_even_on_open_connections() -> None:
    assert not Schedule((Sending(), Sending(offset_s=0.1)), connected_first=True).is_burst


def test_a_schedule_without_visitors_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one visitor"):
        Schedule(())
    with pytest.raises(ValueError, match="at least one visitor"):
        at_once(0)
