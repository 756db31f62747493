"""Waiting until a server is quiet."""

import anyio
import pytest

from grader.evidence.claims import GateClaim
from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.load.attendance import Attendance
from grader.load.quiet import until_quiet
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed
from grader.measure.stillness import RESTLESS
from tests.conftest import Serve
from tests.load.apps import SLEEPER
from tests.waiting import HANG_S


def begin_call(attempt: AttemptContext) -> int:
    number = attempt.recorder.new_id()
    attempt.recorder.add(ServiceEvent(id=number, service="upstream", what="GET /a", began_s=0.0))
    return number


async def test_a_visitor_and_a_call_under_way_are_waited_for(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        visitor, call = server.start("GET", "/sleep/1"), begin_call(server.attempt)

        async def end() -> None:
            await visitor
            server.attempt.recorder.change_event(call, ended_s=1.0, end=EventEnd.ANSWERED)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(end)
            await server.quiet(for_s=0.05)
            assert visitor.answered
            assert server.attempt.recorder.events[call].end is EventEnd.ANSWERED


async def test_a_call_that_stays_open_is_a_miss_and_named(attempt: AttemptContext) -> None:
    begin_call(attempt)
    with pytest.raises(GateMissed) as missed:
        await until_quiet(attempt, Attendance(attempt.recorder), for_s=0.01, within_s=0.05)
    assert missed.value.claim.what == "ends of all visits and calls (still open: GET /a)"


async def test_a_new_call_begins_the_wait_again(attempt: AttemptContext) -> None:
    async def later() -> None:
        call = begin_call(attempt)
        await anyio.sleep(0.02)
        attempt.recorder.change_event(call, ended_s=1.0, end=EventEnd.ANSWERED)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(later)
        await until_quiet(attempt, Attendance(attempt.recorder), for_s=0.1)
    gates = [claim for claim in attempt.recorder.claims if isinstance(claim, GateClaim)]
    assert len(gates) == 2


async def test_a_long_wait_for_what_is_under_way_does_not_count_as_unrest(
    attempt: AttemptContext,
) -> None:
    for_s = 0.01
    first = begin_call(attempt)

    async def later() -> None:
        await anyio.sleep(2 * RESTLESS * for_s)
        attempt.recorder.change_event(first, ended_s=1.0, end=EventEnd.ANSWERED)
        second = begin_call(attempt)
        await anyio.sleep(2 * RESTLESS * for_s)
        attempt.recorder.change_event(second, ended_s=1.0, end=EventEnd.ANSWERED)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(later)
        await until_quiet(attempt, Attendance(attempt.recorder), for_s=for_s, within_s=HANG_S)
    assert {event.end for event in attempt.recorder.events.values()} == {EventEnd.ANSWERED}


async def test_an_app_that_never_rests_is_a_miss(attempt: AttemptContext) -> None:
    async def call_on() -> None:
        while True:
            call = begin_call(attempt)
            attempt.recorder.change_event(call, ended_s=1.0, end=EventEnd.ANSWERED)
            await anyio.sleep(0.001)

    missed: GateMissed | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call_on)
        try:
            await until_quiet(attempt, Attendance(attempt.recorder), for_s=0.02, within_s=0.02)
        except GateMissed as error:
            missed = error
        tasks.cancel_scope.cancel()
    assert missed is not None
    assert "pauses of 0.02 s" in missed.claim.what
