"""The log of one attempt: what is added, what may change, and what is frozen into evidence."""

import pytest

from grader.evidence.claims import CountClaim, Relation
from grader.evidence.machine import Watch
from grader.evidence.run import Attempt, Subject
from grader.evidence.server import Frame, Sample, ServerLife, Stall, WaitingTask
from grader.evidence.traffic import (
    WHAT_CHARS,
    Burst,
    Connection,
    EventEnd,
    Exchange,
    ServiceEvent,
)
from grader.measure.recorder import WORD_CHARS, Recorder
from grader.measure.timing import Clock

WATCH = Watch(started_s=0.0, ended_s=1.0)
FRAME = Frame(file="app.py", line=3, function="slow", source="sleep(1)")


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


def exchange(number: int) -> Exchange:
    return Exchange(id=number, method="GET", path="/", planned_s=0.1, ended_s=0.2, status=200)


def test_each_kind_of_record_is_frozen_in_its_own_place(recorder: Recorder) -> None:
    claim = CountClaim(what="calls", measured=1.0, relation=Relation.EQUALS, limit=1.0)
    burst = Burst(id=2, exchanges=(1,), watch=WATCH)
    sample = Sample(
        at_s=0.0,
        processes=1,
        threads=1,
        descriptors=9,
        memory_bytes=10,
        cpu_s=0.1,
        own_cpu_s=0.1,
        children={},
    )
    stall = Stall(at_s=0.1, duration_s=1.0, frame=FRAME)
    waiting = WaitingTask(frame=FRAME, count=2)
    life = ServerLife(workers=1, started_s=0.0)
    for record in (
        exchange(1),
        burst,
        event(3),
        connection(4),
        sample,
        stall,
        waiting,
        life,
        claim,
    ):
        recorder.add(record)
    attempt = recorder.freeze()
    assert attempt.exchanges == (exchange(1),)
    assert attempt.bursts == (burst,)
    assert attempt.events == (event(3),)
    assert attempt.connections == (connection(4),)
    assert attempt.samples == (sample,)
    assert attempt.stalls == (stall,)
    assert attempt.waiting == (waiting,)
    assert attempt.life == life
    assert attempt.claims == (claim,)


def test_an_empty_record_says_whose_attempt_it_was() -> None:
    attempt = Recorder(Clock(), Subject.REFERENCE, own_deadline_s=0.4).freeze()
    assert attempt == Attempt(
        subject=Subject.REFERENCE,
        started_s=attempt.started_s,
        ended_s=attempt.ended_s,
        own_deadline_s=0.4,
    )
    assert attempt.started_s <= attempt.ended_s


def test_events_and_connections_keep_the_order_in_which_they_were_added(recorder: Recorder) -> None:
    for number in (3, 1, 2):
        recorder.add(event(number))
        recorder.add(connection(number))
    recorder.change_event(1, ended_s=0.5, end=EventEnd.ANSWERED)
    recorder.change_connection(3, closed_s=0.6)
    attempt = recorder.freeze()
    assert [kept.id for kept in attempt.events] == [3, 1, 2]
    assert [kept.id for kept in attempt.connections] == [3, 1, 2]
    assert [kept.ended_s for kept in attempt.events] == [None, 0.5, None]
    assert [kept.closed_s for kept in attempt.connections] == [0.6, None, None]


def test_a_change_returns_the_event_as_it_is_now(recorder: Recorder) -> None:
    recorder.add(event(1))
    changed = recorder.change_event(1, answered_s=0.3, outcome="hit")
    assert (changed.answered_s, changed.outcome, changed.what) == (0.3, "hit", "GET key:1")
    assert recorder.events == {1: changed}


def test_exchanges_are_found_by_id_and_cannot_be_changed_from_outside(recorder: Recorder) -> None:
    recorder.add(exchange(7))
    assert recorder.exchanges[7] == exchange(7)
    with pytest.raises(TypeError):
        recorder.exchanges[8] = exchange(8)  # type: ignore[index]


def test_the_server_s_life_changes_field_by_field(recorder: Recorder) -> None:
    recorder.add(ServerLife(workers=2, started_s=0.1))
    recorder.change_life(ready_s=0.2)
    assert recorder.change_life(killed=True).ready_s == 0.2
    assert recorder.life == ServerLife(workers=2, started_s=0.1, ready_s=0.2, killed=True)


def test_a_server_that_was_never_started_has_no_life_to_change(recorder: Recorder) -> None:
    assert recorder.life is None
    with pytest.raises(ValueError, match="no server's life"):
        recorder.change_life(killed=True)


def test_the_first_mishap_is_kept_until_it_is_replaced(recorder: Recorder) -> None:
    recorder.note_mishap("The launcher ended.")
    recorder.note_mishap("A socket was closed.")
    assert recorder.mishap == "The launcher ended."
    recorder.replace_mishap("The disk is full.")
    assert recorder.freeze().mishap == "The disk is full."


def test_how_the_check_ended_is_frozen(recorder: Recorder) -> None:
    recorder.note_hung(5.0)
    recorder.note_watch(WATCH)
    attempt = recorder.freeze()
    assert (attempt.hung_in_s, attempt.watch) == (5.0, WATCH)


def test_each_event_is_published_once_when_it_is_over(recorder: Recorder) -> None:
    published: list[tuple[str, int, str]] = []
    recorder.subscribe(lambda over: published.append((over.service, over.id, over.outcome)))
    recorder.add(event(1))
    recorder.add(event(2, service="database"))
    recorder.change_event(1, answered_s=0.2, outcome="hit")
    assert published == []
    recorder.change_event(2, end=EventEnd.CLIENT_LEFT)
    recorder.change_event(1, end=EventEnd.ANSWERED)
    recorder.change_event(1, outcome="published already")
    recorder.add(event(3, end=EventEnd.ANSWERED, outcome="miss"))
    assert published == [("database", 2, ""), ("cache", 1, "hit"), ("cache", 3, "miss")]


def test_a_live_run_forgets_what_is_over_and_can_still_change_what_is_open(
    recorder: Recorder,
) -> None:
    recorder.add(exchange(9))
    for number in (1, 2):
        recorder.add(event(number))
        recorder.add(connection(number))
    recorder.change_event(1, end=EventEnd.ANSWERED)
    recorder.change_connection(1, closed_s=0.3)
    recorder.forget_ended()
    assert not recorder.exchanges
    assert list(recorder.events) == list(recorder.connections) == [2]
    recorder.change_event(2, end=EventEnd.CUT)
    recorder.change_connection(2, closed_s=0.4)
    for change in (recorder.change_event, recorder.change_connection):
        with pytest.raises(KeyError):
            change(1)


def test_every_text_of_an_event_is_one_line_of_bounded_length(recorder: Recorder) -> None:
    long = "line\nline\r" * 1000
    recorder.add(event(1, what=long, service=long, kind=long))
    recorder.change_event(1, what=long, outcome=long)
    kept = recorder.events[1]
    assert len(kept.what) <= WHAT_CHARS
    assert max(len(kept.service), len(kept.kind), len(kept.outcome)) <= WORD_CHARS
    assert not any(mark in kept.what + kept.outcome + kept.service + kept.kind for mark in "\r\n")


def test_more_events_than_any_right_solution_causes_are_a_flood(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.measure.recorder.EVENTS_LIMIT", 3)
    for number in range(3):
        assert not recorder.is_flooded
        recorder.add(event(number, end=EventEnd.ANSWERED, ended_s=1.0))
    assert recorder.is_flooded
    recorder.forget_ended()
    assert not recorder.is_flooded


def test_ids_are_unique_within_an_attempt(recorder: Recorder) -> None:
    assert len({recorder.new_id() for _ in range(100)}) == 100
