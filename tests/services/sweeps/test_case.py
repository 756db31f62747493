"""One case of a sweep: how its call fails."""

import pytest

from grader.evidence.traffic import EventEnd
from grader.measure.attempt import AttemptContext
from grader.services.sweeps.case import Case, CaseHold, Kind
from grader.services.upstream_calls import CallBook
from grader.services.upstream_wanted import slots_of
from tests.services.test_upstream_calls import FakeConnection, enter
from tests.waiting import HANG_S, until


class FakeVisitor:
    """Notes that it has left."""

    def __init__(self) -> None:
        self.left = False
        self.answered = False

    def __await__(self):  # type: ignore[no-untyped-def]
        yield

    def leave(self) -> None:
        self.left = True

    def excuse(self) -> None:
        pass


def held_case(
    attempt: AttemptContext, kind: Kind, how_long_s: float = 0.0
) -> tuple[Case[FakeVisitor], FakeConnection]:
    book = CallBook(attempt)
    hold = CaseHold(book, slots_of({"GET /a": 1, "/b": 1}))
    book.holds.append(hold)
    began_s = attempt.clock.now()
    connection = enter(book, "/a", began_s)
    enter(book, "/b", began_s)
    case = Case(1, kind, FakeVisitor(), hold, book, how_long_s)
    case.call = book.calls[0]
    return case, connection


async def test_a_struck_call_fails_and_its_others_stay_held(attempt: AttemptContext) -> None:
    case, connection = held_case(attempt, "status")
    await case.strike()
    assert (case.call.behaviour.status, case.call.behaviour.cut) == (503, False)
    assert connection.answered == 1
    assert [call.path for call in case.hold.calls] == ["/b"]


async def test_a_cut_call_keeps_its_status(attempt: AttemptContext) -> None:
    case, _ = held_case(attempt, "cut")
    await case.strike()
    assert (case.call.behaviour.status, case.call.behaviour.cut) == (200, True)


async def test_a_closed_call_gets_no_answer(attempt: AttemptContext) -> None:
    case, _ = held_case(attempt, "closed")
    await case.strike()
    assert (case.call.behaviour.close, case.call.behaviour.cut) == (True, False)


async def test_a_connection_that_carries_another_call_by_then_is_left_alone(
    attempt: AttemptContext,
) -> None:
    case, connection = held_case(attempt, "status")
    await case.strike()
    case.hold.release()
    assert connection.answered == 1


async def test_a_silent_call_stays_held_as_long_as_a_service_may_take(
    attempt: AttemptContext,
) -> None:
    case, connection = held_case(attempt, "silent", how_long_s=0.05)
    struck = await case.strike()
    assert struck.at_s >= case.call.record.began_s + 0.05
    assert connection.answered == 0


async def test_a_slow_call_is_answered_well_with_all_others(attempt: AttemptContext) -> None:
    case, connection = held_case(attempt, "slow", how_long_s=0.05)
    struck = await case.strike()
    assert struck.at_s >= case.call.record.began_s + 0.04
    assert connection.answered == 1
    assert case.hold.released
    assert case.call.behaviour.status == 200


async def test_a_slow_call_is_answered_even_if_the_check_comes_to_it_later(
    attempt: AttemptContext,
) -> None:
    book = CallBook(attempt)
    hold = CaseHold(book, slots_of({"/a": 1, "/b": 1}), lasts_s=0.01)
    book.holds.append(hold)
    connections = [enter(book, "/a"), enter(book, "/b")]
    assert hold.those_of(book.calls) == book.calls
    await until(lambda: [connection.answered for connection in connections] == [1, 1])
    assert hold.those_of(book.calls) == []
    enter(book, "/a")
    assert len(hold.calls) == 2


@pytest.mark.parametrize("kind", ["status", "cut", "closed", "leaver"])
async def test_a_case_is_stale_once_the_app_may_have_given_up_its_call(
    attempt: AttemptContext, kind: Kind
) -> None:
    assert not held_case(attempt, kind)[0].is_stale
    assert not held_case(attempt, kind, how_long_s=HANG_S)[0].is_stale
    late, _ = held_case(attempt, kind, how_long_s=1e-9)
    await until(lambda: late.is_stale)
    case, _ = held_case(attempt, kind)
    case.book.note(case.call, ended_s=1.0, end=EventEnd.CLIENT_LEFT)
    assert case.is_stale


@pytest.mark.parametrize("kind", ["silent", "slow"])
async def test_a_case_that_is_meant_to_wait_is_never_stale(
    attempt: AttemptContext, kind: Kind
) -> None:
    case, _ = held_case(attempt, kind, how_long_s=1e-9)
    case.book.note(case.call, ended_s=1.0, end=EventEnd.CLIENT_LEFT)
    assert not case.is_stale


async def test_a_leaver_leaves(attempt: AttemptContext) -> None:
    case, connection = held_case(attempt, "leaver")
    await case.strike()
    assert case.visitor.left
    assert connection.answered == 0


async def test_only_the_case_s_calls_are_held_and_only_while_it_catches(
    attempt: AttemptContext,
) -> None:
    case, _ = held_case(attempt, "status")
    other = enter(case.book, "/c").call
    case.hold.catching = False
    enter(case.book, "/a")
    assert [call.path for call in case.hold.calls] == ["/a", "/b"]
    assert other is not None
    assert case.hold.connection_of(other) is None
    case.book.note(case.call, ended_s=1.0, end=EventEnd.CLIENT_LEFT)
    assert [call.path for call in case.hold.calls] == ["/b"]
