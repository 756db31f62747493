"""The lanes of a timeline."""

from itertools import pairwise
from math import inf, nan

from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.evidence.run import Attempt, Subject
from grader.evidence.server import Frame, ServerLife, Stall
from grader.evidence.traffic import Connection, Exchange
from grader.render.html.timeline import Lane, LaneRows, Timeline, timeline
from tests.judge.records import answered, attempt, exchange, gated, timed
from tests.render.runs import blocking_run, fixed_run


def lane(made: Timeline, wanted: Lane) -> LaneRows:
    return next(one for one in made.lanes if one.lane is wanted)


def blocking_burst() -> Attempt:
    return blocking_run().checks[1].attempts[0]


def test_the_chart_starts_with_the_first_request_and_ends_with_the_attempt() -> None:
    made = timeline(blocking_burst())
    assert -0.02 < made.begins_s < 0
    assert 0.57 < made.ends_s < 0.59


def test_rows_that_overlap_have_a_track_each_and_rows_in_turn_share_one() -> None:
    assert lane(timeline(blocking_burst()), Lane.REQUESTS).tracks == 12
    assert lane(timeline(blocking_run().checks[2].attempts[0]), Lane.EVENTS).tracks == 1
    assert lane(timeline(fixed_run().checks[2].attempts[0]), Lane.EVENTS).tracks == 3


def test_an_attempt_in_which_nothing_happened_still_has_an_axis() -> None:
    made = timeline(Attempt(subject=Subject.SOLUTION, started_s=5.0, ended_s=5.0))
    assert made.lanes == ()
    assert made.begins_s < 0 < made.ends_s


def test_many_rows_are_thinned_out_evenly_and_the_longest_stalls_stay() -> None:
    frame = blocking_burst().stalls[0].frame
    crowd = attempt(
        exchanges=tuple(exchange(i, took_s=i / 1000) for i in range(1, 1001)),
        stalls=tuple(Stall(at_s=i, duration_s=i / 100, frame=frame) for i in range(100)),
    )
    made = timeline(crowd, most=10)
    requests, stalls = lane(made, Lane.REQUESTS), lane(made, Lane.STALLS)
    assert (len(requests.rows), requests.total) == (10, 1000)
    assert [round(row.to_s, 3) for row in requests.rows] == [
        round(0.001 + i / 10, 3) for i in range(10)
    ]
    assert stalls.total == 100
    assert [row.from_s for row in stalls.rows] == [float(i) for i in range(90, 100)]


def test_a_lane_without_rows_is_left_out() -> None:
    made = timeline(blocking_burst())
    assert [one.lane for one in made.lanes] == [Lane.SERVER, Lane.REQUESTS, Lane.STALLS]
    assert made.rows == 1 + 12 + 2


def test_no_two_rows_of_a_track_overlap() -> None:
    for record in [*blocking_run().checks, *fixed_run().checks]:
        for one in record.attempts:
            for rows in timeline(one).lanes:
                for track in range(rows.tracks):
                    here = [row for row in rows.rows if row.track == track]
                    assert all(first.to_s <= second.from_s for first, second in pairwise(here))


times = st.floats()


@settings(deadline=None)
@given(times, times, times, st.none() | times)
@example(inf, 0.0, 0.0, None)
@example(nan, nan, nan, nan)
@example(1e308, -1e308, inf, -inf)
def test_every_time_can_be_drawn(
    one: float, other: float, third: float, ended: float | None
) -> None:
    """A damaged run may hold any number."""
    made = timeline(
        attempt(
            life=ServerLife(
                workers=1, started_s=one, ready_s=ended, stop_asked_s=other, exited_s=third
            ),
            exchanges=(
                Exchange(
                    id=1,
                    method="GET",
                    path="/",
                    planned_s=one,
                    ended_s=other,
                    first_byte_s=third,
                    status=200,
                ),
            ),
            connections=(Connection(id=2, service="upstream", opened_s=third, closed_s=ended),),
            stalls=(
                Stall(
                    at_s=one,
                    duration_s=other,
                    frame=Frame(file="app.py", line=1, function="f", source="x"),
                ),
            ),
        )
    )
    assert made.begins_s < made.ends_s
    assert all(
        row.from_s <= (row.from_s if row.split_s is None else row.split_s) <= row.to_s
        for lane in made.lanes
        for row in lane.rows
    )


def test_an_attempt_has_a_timeline_whatever_its_check_claims() -> None:
    for one in (timed(0.5), gated(1), answered(exchange())):
        assert timeline(one).lanes
