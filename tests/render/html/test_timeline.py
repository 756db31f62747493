"""An attempt on one time axis."""

from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from grader.evidence.run import Attempt, Subject
from grader.evidence.server import Frame, ServerLife, Stall
from grader.evidence.traffic import Connection, Exchange, ExchangeError
from grader.render.html.rows import Tone
from grader.render.html.timeline import Lane, LaneRows, Timeline, timeline
from tests.judge.records import answered, attempt, exchange, gated, timed
from tests.render.runs import LIMIT_S, SOURCE, blocking_run, mended_run


def lane(made: Timeline, wanted: Lane) -> LaneRows:
    return next(one for one in made.lanes if one.lane is wanted)


def blocking_burst() -> Attempt:
    return blocking_run().checks[1].attempts[0]


def test_zero_is_when_the_first_request_was_meant_to_be_sent() -> None:
    made = timeline(blocking_burst())
    assert {row.from_s for row in lane(made, Lane.REQUESTS).rows} == {0.0}
    assert lane(made, Lane.SERVER).rows[0].from_s == pytest.approx(-0.05)


def test_the_axis_begins_with_what_the_app_did_for_somebody_and_ends_with_the_attempt() -> None:
    made = timeline(blocking_burst())
    assert -0.02 < made.begins_s < 0
    assert 0.57 < made.ends_s < 0.59


def test_a_limit_stands_where_its_time_is_over() -> None:
    (limit,) = timeline(blocking_burst()).limits
    assert limit.at_s == pytest.approx(LIMIT_S)


def test_requests_that_overlap_lie_on_tracks_of_their_own_and_those_that_follow_share_one() -> None:
    assert lane(timeline(blocking_burst()), Lane.REQUESTS).tracks == 12
    assert lane(timeline(blocking_run().checks[2].attempts[0]), Lane.EVENTS).tracks == 1
    assert lane(timeline(mended_run().checks[2].attempts[0]), Lane.EVENTS).tracks == 3


def test_a_request_that_missed_the_limit_is_late_and_one_that_was_cut_off_has_no_end() -> None:
    rows = lane(timeline(blocking_burst()), Lane.REQUESTS).rows
    assert [row.tone for row in rows] == [Tone.PLAIN] * 4 + [Tone.LATE] * 8
    assert [row.is_open for row in rows] == [False] * 5 + [True] * 7


@pytest.mark.parametrize(
    ("one", "tone"),
    [
        (exchange(), Tone.PLAIN),
        (exchange(status=500), Tone.BAD),
        (exchange(status=None, error=ExchangeError.CLOSED), Tone.BAD),
        (exchange(status=None, error=ExchangeError.LEFT), Tone.PLAIN),
    ],
)
def test_a_wrong_answer_is_bad_and_a_visitor_that_left_is_not(one: Exchange, tone: Tone) -> None:
    (row,) = lane(timeline(answered(one)), Lane.REQUESTS).rows
    assert row.tone is tone


def test_a_stall_names_its_line() -> None:
    row = lane(timeline(blocking_burst()), Lane.STALLS).rows[0]
    assert (row.where, row.source) == ("app.py:37 in label", SOURCE)


def test_what_is_still_open_ends_with_the_attempt() -> None:
    rows = lane(timeline(mended_run().checks[2].attempts[0]), Lane.CONNECTIONS).rows
    assert [row.is_open for row in rows] == [False, False, True]
    assert rows[-1].to_s == pytest.approx(0.5)


def test_a_server_that_never_was_ready_and_one_that_ended_by_itself_are_told() -> None:
    never = timeline(attempt(life=ServerLife(workers=1, started_s=0.0, exited_s=0.2, exit_code=1)))
    assert [(row.outcome, row.tone) for row in lane(never, Lane.SERVER).rows] == [
        ("never ready", Tone.BAD)
    ]
    ended = timeline(
        attempt(life=ServerLife(workers=1, started_s=0.0, ready_s=0.1, exited_s=0.2, exit_code=3))
    )
    assert [row.outcome for row in lane(ended, Lane.SERVER).rows] == ["ready", "exit code 3"]
    killed = timeline(
        attempt(
            life=ServerLife(
                workers=1,
                started_s=0.0,
                ready_s=0.1,
                stop_asked_s=0.2,
                exited_s=2.2,
                exit_code=-9,
                killed=True,
            )
        )
    )
    assert [row.outcome for row in lane(killed, Lane.SERVER).rows] == [
        "ready",
        "killed by the grader",
    ]


def test_an_attempt_in_which_nothing_happened_has_an_axis_all_the_same() -> None:
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


def test_no_two_rows_of_a_track_overlap() -> None:
    for record in [*blocking_run().checks, *mended_run().checks]:
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
def test_no_time_is_too_odd_to_be_drawn(
    one: float, other: float, third: float, ended: float | None
) -> None:
    """Records of a saved run may hold any number."""
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


def test_attempts_of_every_kind_of_claim_have_a_timeline() -> None:
    for one in (timed(0.5), gated(1), answered(exchange())):
        assert timeline(one).lanes
