"""The engine: any schedule is sent as planned, in the order and with the visits that it says."""

import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import anyio
import anyio.abc
import pytest

from grader.evidence.traffic import ExchangeError
from grader.load.shapes import Schedule, Sending, at_once, at_rate
from grader.load.visitors import Visitors
from grader.measure.attempt import AttemptContext
from grader.measure.recorder import Recorder
from grader.process.sockets import Sockets
from tests.conftest import Serve
from tests.waiting import until

APP = """
    import asyncio
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/numbers/{n}")
    async def number(n: int) -> int:
        return n

    @app.get("/never")
    async def never() -> None:
        await asyncio.sleep(600)

    @app.get("/mixed/{n}")
    async def mixed(n: int) -> int:
        if n == 0:
            await asyncio.sleep(600)
        return n

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(0.1)
"""


@pytest.mark.parametrize("connected_first", [True, False])
async def test_any_schedule_is_sent_as_planned_and_answered_in_its_order(
    serve: Serve, connected_first: bool
) -> None:
    sendings = (
        Sending(offset_s=0.1, n=1),
        Sending(n=0, leave_after_s=0.05),
        Sending(offset_s=0.05, n=3),
        Sending(n=4),
    )
    async with serve(APP) as server:
        schedule = Schedule(sendings, connected_first)
        crowd = await server.send("GET", "/mixed/{n}", schedule)
    assert [answer.n for answer in crowd] == [1, 0, 3, 4]
    planned = [answer.exchange.planned_s for answer in crowd]
    assert [at_s - planned[1] for at_s in planned] == pytest.approx([0.1, 0.0, 0.05, 0.0])
    assert [answer.exchange.error for answer in crowd] == [None, ExchangeError.LEFT, None, None]
    for answer in crowd:
        assert answer.exchange.sent_s is not None
        assert answer.exchange.sent_s >= answer.exchange.planned_s
    assert crowd[1].elapsed_s >= 0.05


async def test_the_watch_of_an_answer_covers_its_whole_exchange_however_late_it_is_awaited(
    serve: Serve,
) -> None:
    async with serve(APP) as server:
        slow = server.start("GET", "/slow")
        await server.get("/numbers/1")
        answer = await slow
    assert answer.watch.started_s <= answer.exchange.planned_s
    assert answer.watch.ended_s >= answer.exchange.ended_s


async def test_the_watch_of_an_answer_that_never_came_begins_when_the_check_awaits_it(
    serve: Serve,
) -> None:
    async with serve(APP) as server:
        never = server.start("GET", "/never", within_s=0.1)
        await server.get("/numbers/1")
        awaited_s = server.now()
        answer = await never
    assert answer.exchange.error is ExchangeError.TIMED_OUT
    assert answer.watch.started_s >= awaited_s.at_s


@pytest.mark.parametrize(
    ("schedule", "is_steady"),
    [
        (at_once(2), False),
        (at_rate(100, 0.02), True),
        (Schedule((Sending(), Sending())), True),
        (Schedule((Sending(), Sending(offset_s=0.01)), connected_first=True), True),
    ],
)
async def test_only_requests_that_must_overlap_are_recorded_as_a_burst(
    serve: Serve, recorder: Recorder, schedule: Schedule, is_steady: bool
) -> None:
    async with serve(APP) as server:
        crowd = await server.send("GET", "/numbers/{n}", schedule)
    (burst,) = recorder.bursts
    assert burst.steady is is_steady
    assert burst.exchanges == tuple(answer.exchange.id for answer in crowd)
    assert list(recorder.exchanges) == list(burst.exchanges)


class KeptSockets:
    """Sockets that can be looked at afterwards."""

    def __init__(self) -> None:
        self.taken: list[socket.socket] = []

    async def take(self, count: int) -> list[socket.socket]:
        self.taken += [socket.socket() for _ in range(count)]
        return self.taken[-count:]

    @property
    def connected(self) -> int:
        """How many are connected."""
        return sum(is_connected(one) for one in self.taken)


def is_connected(one: socket.socket) -> bool:
    try:
        one.getpeername()
    except OSError:
        return False
    return True


@contextlib.asynccontextmanager
async def listening_visitors(
    handle: Callable[[anyio.abc.SocketStream], Awaitable[None]],
    attempt: AttemptContext,
    sockets: Sockets | None = None,
) -> AsyncIterator[Visitors]:
    """Visitors of a server that handles each connection in this way."""
    listening = await anyio.create_tcp_listener(local_host="127.0.0.1")
    async with listening, anyio.create_task_group() as tasks:
        tasks.start_soon(listening.serve, handle)
        address = listening.extra(anyio.abc.SocketAttribute.local_address)
        yield Visitors([(str(address[0]), int(address[1]))], attempt, tasks, sockets)
        tasks.cancel_scope.cancel()


async def test_all_connections_are_open_before_the_first_request_if_the_schedule_says_so(
    attempt: AttemptContext,
) -> None:
    sockets, connected = KeptSockets(), []

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            connected.append(sockets.connected)
            await stream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with listening_visitors(answer, attempt, sockets) as visitors:
        schedule = Schedule((Sending(), Sending(offset_s=0.05)), connected_first=True)
        crowd = await visitors.send("GET", "/", schedule)
    assert [answered.status for answered in crowd] == [200, 200]
    assert connected[0] == 2


async def test_a_late_visitor_is_as_patient_as_the_first(serve: Serve) -> None:
    """The own time since the beginning of the schedule is above the patience before it even comes."""
    async with serve(APP) as server:
        schedule = Schedule((Sending(offset_s=0.9),))
        (answer,) = await server.send("GET", "/slow", schedule, within_s=0.64)
    assert answer.status == 200
    # The judge compares it with the own time of the whole schedule.
    assert answer.exchange.patience_s == pytest.approx(0.8 + 0.9)


async def test_a_connection_that_is_closed_before_its_moment_took_no_time(
    attempt: AttemptContext,
) -> None:
    async def close(stream: anyio.abc.SocketStream) -> None:
        await stream.aclose()

    async with listening_visitors(close, attempt) as visitors:
        schedule = Schedule((Sending(offset_s=0.05),), connected_first=True)
        (answer,) = await visitors.send("GET", "/", schedule)
    assert answer.exchange.error is ExchangeError.CLOSED
    assert answer.elapsed_s == 0


@pytest.mark.parametrize("connected_first", [True, False])
async def test_an_interrupted_schedule_leaves_its_evidence_and_no_open_connection(
    attempt: AttemptContext, recorder: Recorder, connected_first: bool
) -> None:
    sockets = KeptSockets()
    first_sent = anyio.Event()

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            first_sent.set()

    async with listening_visitors(answer, attempt, sockets) as visitors:
        sendings = (Sending(), Sending(offset_s=600))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(visitors.send, "GET", "/", Schedule(sendings, connected_first))
            await first_sent.wait()
            await until(lambda: not is_connected(sockets.taken[0]))
            tasks.cancel_scope.cancel()
        await until(lambda: all(one.fileno() == -1 for one in sockets.taken))
    assert [exchange.status for exchange in recorder.exchanges.values()] == [200]


@pytest.mark.parametrize("schedule", [at_once(3), at_rate(100, 0.03)])
async def test_visits_that_certainly_miss_their_limit_are_cut_off(
    serve: Serve, schedule: Schedule
) -> None:
    async with serve(APP) as server:
        crowd = await server.send("GET", "/never", schedule, cut_off_s=0.1)
    assert {answer.exchange.error for answer in crowd} == {ExchangeError.CUT_OFF}
    assert all(answer.elapsed_s > 0.1 for answer in crowd)


async def test_an_attempt_that_does_not_cut_off_waits_for_all(
    serve: Serve, attempt: AttemptContext
) -> None:
    async with serve(APP) as server, anyio.create_task_group() as tasks:
        visitors = Visitors(server.addresses, replace(attempt, cuts_off=False), tasks)
        crowd = await visitors.burst("GET", "/slow", count=2, cut_off_s=0.01)
    assert [answer.status for answer in crowd] == [200, 200]
