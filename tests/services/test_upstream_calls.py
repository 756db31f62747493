"""The book of calls: behaviours, holds and counts, without a server."""

import os
from typing import Any

import anyio
import pytest

from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed
from grader.services.upstream_calls import Behaviour, Call, CallBook, Hold


class FakeConnection:
    """Notes that its call was answered."""

    def __init__(self) -> None:
        self.call: Call | None = None
        self.answered = 0

    def answer(self) -> None:
        self.answered += 1


@pytest.fixture
def book(attempt: AttemptContext) -> CallBook:
    attempt.watcher.watch(lambda: [os.getpid()], tuple)  # gates that stay shut are given up sooner
    return CallBook(attempt)


def call(book: CallBook, path: str = "/a", body: bytes = b"", began_s: float = 0.0) -> Call:
    """A call that is recorded, and not entered yet."""
    recorder = book.attempt.recorder
    number = recorder.new_id()
    recorder.add(ServiceEvent(id=number, service="upstream", what=path, began_s=began_s))
    return Call("GET", path, "", body, {}, recorder.events[number])


def enter(book: CallBook, path: str = "/a", began_s: float = 0.0) -> FakeConnection:
    connection = FakeConnection()
    connection.call = call(book, path, began_s=began_s)
    book.enter(connection.call, connection)
    return connection


@pytest.mark.parametrize(
    ("body", "parsed"),
    [(b'{"x": [1]}', {"x": [1]}), (b"", None), (b"{x", None), (b"[" * 100_000, None)],
)
def test_a_body_that_is_not_json_is_none(book: CallBook, body: bytes, parsed: object) -> None:
    assert call(book, body=body).json == parsed


def test_the_end_of_a_call_is_seen_in_its_record(book: CallBook) -> None:
    entered = call(book)
    assert (entered.open, entered.left) == (True, False)
    book.note(entered, ended_s=1.0, end=EventEnd.CLIENT_LEFT)
    assert (entered.open, entered.left) == (False, True)


def test_a_later_behaviour_takes_precedence_until_it_is_used_up(book: CallBook) -> None:
    book.behaviours += [Behaviour("/*", status=201), Behaviour("/a", status=503, remaining=1)]
    assert [book.next_behaviour(path).status for path in ("/b", "/a", "/a")] == [201, 503, 201]


def test_without_a_behaviour_a_call_is_answered_at_once(book: CallBook) -> None:
    assert book.next_behaviour("/a") == Behaviour("*")


def test_calls_are_found_by_pattern_in_the_order_of_their_arrival(book: CallBook) -> None:
    for path in ("/a/1", "/b", "/a/2"):
        enter(book, path)
    assert [found.path for found in book.matching("/a/*")] == ["/a/1", "/a/2"]


def test_the_peak_counts_calls_that_overlap(book: CallBook) -> None:
    first = enter(book, began_s=1.0).call
    assert first is not None
    enter(book, began_s=2.0)
    book.note(first, ended_s=3.0, end=EventEnd.ANSWERED)
    enter(book, began_s=4.0)
    enter(book, "/b", began_s=4.0)
    assert (book.peak("/a"), book.peak("*"), book.peak("/none")) == (2, 3, 0)


def test_a_call_that_ends_when_another_begins_does_not_overlap(book: CallBook) -> None:
    first = enter(book, began_s=1.0).call
    assert first is not None
    book.note(first, ended_s=2.0, end=EventEnd.ANSWERED)
    enter(book, began_s=2.0)
    assert book.peak("*") == 1


def test_a_hold_keeps_matching_calls_waiting_until_it_is_released(book: CallBook) -> None:
    hold = Hold(book, ["/a", "/b/*"])
    book.holds.append(hold)
    held = [enter(book, "/a"), enter(book, "/b/1")]
    enter(book, "/c")
    assert hold.calls == [connection.call for connection in held]
    hold.release()
    assert [connection.answered for connection in held] == [1, 1]
    assert not hold.covers(call(book))


def test_a_second_release_does_nothing(book: CallBook) -> None:
    hold = Hold(book, ["/a"])
    book.holds.append(hold)
    connection = enter(book)
    hold.release()
    hold.release()
    assert connection.answered == 1


def test_the_first_of_several_holds_keeps_a_call(book: CallBook) -> None:
    first, second = Hold(book, ["/a"]), Hold(book, ["/a"])
    book.holds += [first, second]
    connection = enter(book)
    assert (len(first.calls), len(second.calls)) == (1, 0)
    second.release()
    assert connection.answered == 0


def test_a_held_call_whose_client_left_is_not_counted(book: CallBook) -> None:
    hold = Hold(book, ["/a"])
    book.holds.append(hold)
    held = enter(book).call
    assert held is not None
    book.note(held, ended_s=1.0, end=EventEnd.CLIENT_LEFT)
    assert hold.calls == []


def test_what_a_call_is_told_is_fixed_when_it_is_first_looked_at(book: CallBook) -> None:
    answers = iter(range(9))
    told = call(book)
    told.behaviour = Behaviour("*", json=lambda asked: {"n": next(answers)})
    assert (told.said, told.said) == ({"n": 0}, {"n": 0})
    assert call(book).said != call(book).said


async def test_a_hold_returns_the_wanted_calls_that_are_held_now(book: CallBook) -> None:
    hold = Hold(book, ["/a", "/b"])
    book.holds.append(hold)
    gone, a, b, again = (enter(book, path).call for path in ("/a", "/a", "/b", "/a"))
    assert gone is not None
    book.note(gone, ended_s=1.0, end=EventEnd.CLIENT_LEFT)
    assert await hold.arrivals({"/b": 1, "/a": 1}) == [b, a]
    assert hold.surplus == [again]
    with pytest.raises(GateMissed):
        await hold.arrivals({"/a": 2}, within_s=0.02)
    assert await hold.arrivals(3) == [a, b, again]


async def test_a_saturated_hold_returns_all_calls_that_came_before_none_did(
    book: CallBook,
) -> None:
    hold = Hold(book, ["*"])
    book.holds.append(hold)
    with pytest.raises(GateMissed):
        await hold.saturated(for_s=0.01, within_s=0.01)
    enter(book)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(later, book)
        assert await hold.saturated(for_s=0.2) == book.calls
    assert len(book.calls) == 2


async def later(book: CallBook) -> None:
    enter(book)


async def test_an_app_that_never_stops_calling_saturates_a_hold_in_the_end(book: CallBook) -> None:
    hold = Hold(book, ["*"])
    book.holds.append(hold)

    async def call_on() -> None:
        while True:
            enter(book)
            await anyio.sleep(0.001)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call_on)
        assert len(await hold.saturated(for_s=0.02)) > 1
        tasks.cancel_scope.cancel()


def test_a_release_returns_its_moment(book: CallBook) -> None:
    hold = Hold(book, ["*"])
    before_s = book.attempt.clock.now()
    assert hold.release().at_s >= before_s
    assert hold.release().at_s >= before_s


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"json": {1, 2}}, "not JSON serializable"),
        ({"status": 299}, "no answer with a body has the status 299"),
        ({"status": 204}, "no answer with a body has the status 204"),
        ({"status": 101}, "no answer with a body has the status 101"),
        ({"delay_s": -1}, "delay_s must not be negative"),
        ({"drip_s": 0}, "drip_s must be positive"),
    ],
)
def test_an_answer_that_cannot_be_given_is_a_fault_of_the_check(
    wrong: dict[str, Any], words: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=words):
        Behaviour("*", **wrong)
