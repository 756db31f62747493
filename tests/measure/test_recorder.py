"""What services note of a solution: events and connections, in the order in which they came, until it is frozen."""

import pytest

from grader.evidence.server import Excess
from grader.evidence.traffic import WHAT_CHARS, Connection, EventEnd, ServiceEvent
from grader.measure.recorder import WORD_CHARS, Recorder


def event(number: int, **parts: object) -> ServiceEvent:
    values: dict[str, object] = {
        "service": "cache",
        "kind": "read",
        "what": f"GET key:{number}",
        "began_s": 0.1 * number,
    }
    return ServiceEvent(id=number, **{**values, **parts})  # type: ignore[arg-type]


def connection(number: int) -> Connection:
    return Connection(id=number, service="cache", opened_s=0.1 * number)


def test_events_and_connections_are_frozen_in_the_order_in_which_they_were_added(
    recorder: Recorder,
) -> None:
    for number in (3, 1, 2):
        recorder.add_event(event(number))
        recorder.add_connection(connection(number))
    recorder.change_event(1, ended_s=0.5, end=EventEnd.ANSWERED)
    recorder.change_connection(3, closed_s=0.6)
    attempt = recorder.freeze()
    assert (
        [one.id for one in attempt.events] == [one.id for one in attempt.connections] == [3, 1, 2]
    )
    assert [one.ended_s for one in attempt.events] == [None, 0.5, None]
    assert [one.closed_s for one in attempt.connections] == [0.6, None, None]


def test_a_change_gives_the_event_as_it_is_now(recorder: Recorder) -> None:
    recorder.add_event(event(1))
    changed = recorder.change_event(1, answered_s=0.3, outcome="hit")
    assert (changed.answered_s, changed.outcome, changed.what) == (0.3, "hit", "GET key:1")
    assert recorder.events == (changed,)


def test_what_was_asked_is_bounded(recorder: Recorder) -> None:
    assert len(recorder.add_event(event(1, what="x" * 10_000)).what) == WHAT_CHARS
    assert len(recorder.events[0].what) == WHAT_CHARS


def test_each_event_that_is_over_is_told_once_whichever_service_it_is_of(
    recorder: Recorder,
) -> None:
    told: list[tuple[str, int, str]] = []
    recorder.on_event = lambda one: told.append((one.service, one.id, one.outcome))
    recorder.add_event(event(1))
    recorder.add_event(event(2, service="database"))
    recorder.change_event(1, answered_s=0.2, outcome="hit")
    assert told == []
    recorder.change_event(2, end=EventEnd.CLIENT_LEFT)
    recorder.change_event(1, end=EventEnd.ANSWERED)
    recorder.change_event(1, outcome="told already")
    recorder.add_event(event(3, end=EventEnd.ANSWERED, outcome="miss"))
    assert told == [("database", 2, ""), ("cache", 1, "hit"), ("cache", 3, "miss")]


def test_what_is_over_is_forgotten_and_what_is_open_can_still_change(recorder: Recorder) -> None:
    for number in (1, 2):
        recorder.add_event(event(number))
        recorder.add_connection(connection(number))
    recorder.change_event(1, end=EventEnd.ANSWERED)
    recorder.change_connection(1, closed_s=0.3)
    recorder.forget_ended()
    assert [one.id for one in recorder.events] == [one.id for one in recorder.connections] == [2]
    recorder.change_event(2, end=EventEnd.CUT)
    recorder.change_connection(2, closed_s=0.4)
    for change in (recorder.change_event, recorder.change_connection):
        with pytest.raises(KeyError):
            change(1)


def test_a_service_says_in_its_own_words_which_limit_was_exceeded(recorder: Recorder) -> None:
    seen: list[Excess] = []
    recorder.on_excess = seen.append
    recorder.exceed("cache_bytes", 1024, 2048, noun="Cache", of="in memory")
    assert seen == [Excess(what="cache_bytes", limit=1024, seen=2048, noun="Cache", of="in memory")]


def test_nobody_need_listen(recorder: Recorder) -> None:
    recorder.exceed("cache_bytes", 1, 2, noun="Cache", of="in memory")
    recorder.add_event(event(1, end=EventEnd.ANSWERED))


def test_every_text_of_an_event_is_one_bounded_line_whenever_it_came(recorder: Recorder) -> None:
    long = "line\nline\r" * 1000
    recorder.add_event(event(1, what=long, service=long, kind=long))
    recorder.change_event(1, what=long, outcome=long)
    (kept,) = recorder.events
    assert len(kept.what) <= WHAT_CHARS
    assert max(len(kept.service), len(kept.kind), len(kept.outcome)) <= WORD_CHARS
    assert not any(mark in kept.what + kept.outcome + kept.service + kept.kind for mark in "\r\n")


def test_more_events_than_any_solution_has_use_for_are_a_flood(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.measure.recorder.EVENTS_LIMIT", 3)
    for number in range(3):
        assert not recorder.is_flooded
        recorder.add_event(event(number, end=EventEnd.ANSWERED, ended_s=1.0))
    assert recorder.is_flooded
    recorder.forget_ended()
    assert not recorder.is_flooded
