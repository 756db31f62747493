"""Visitors: they come alone, in bursts and at a rate, they leave and they give up."""

import itertools
import socket
import statistics
from pathlib import Path
from typing import Any

import anyio
import h11
import pytest

from grader.checks.faults import fault_of_check
from grader.evidence.traffic import ExchangeError
from grader.load.visitors import SETTLE_REQUESTS, Visitors
from grader.measure.attempt import AttemptContext
from grader.measure.recorder import Recorder
from tests.conftest import Serve
from tests.load.apps import SLEEPER
from tests.waiting import HANG_S, until


async def test_a_burst_is_sent_at_the_same_moment_and_overlaps(
    serve: Serve, recorder: Recorder
) -> None:
    async with serve(SLEEPER) as server:
        crowd = await server.burst("GET", "/together/{n}", count=100)
    assert [int(answer.body) for answer in crowd] == [answer.n for answer in crowd]
    assert len({answer.n for answer in crowd}) == 100
    sent = [answer.exchange.sent_s for answer in crowd if answer.exchange.sent_s is not None]
    assert max(sent) < min(answer.exchange.ended_s for answer in crowd)
    assert recorder.bursts[0].exchanges == tuple(answer.exchange.id for answer in crowd)


async def test_several_paths_are_taken_in_turn(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        crowd = await server.burst("GET", ["/sleep/{n}", "/left"], count=4, numbers=[5, 6, 7, 8])
    assert [answer.exchange.path for answer in crowd] == ["/sleep/5", "/left", "/sleep/7", "/left"]


async def test_steady_visitors_come_as_planned_however_slow_the_answers_are(serve: Serve) -> None:
    source = """
        import time
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/{n}")
        async def stall(n: int) -> int:
            time.sleep(0.05)
            return n
    """
    async with serve(source) as server:
        stream = await server.steady("GET", "/{n}", rate_per_s=100, duration_s=0.2)
    planned = [answer.exchange.planned_s for answer in stream]
    gaps = [later - earlier for earlier, later in itertools.pairwise(planned)]
    assert len(stream) == 20
    assert statistics.median(gaps) == pytest.approx(0.01)
    # 20 answers at 50 ms each one after another: the last one planned at 0.19 s is answered at 1 s or later.
    assert stream[-1].elapsed_s > 0.7


async def test_a_visitor_can_leave(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        answer = await server.get("/never", leave_after_s=0.03)
        assert answer.exchange.error is ExchangeError.LEFT
        assert answer.elapsed_s >= 0.03


async def test_a_body_can_be_sent_later_than_its_head(serve: Serve) -> None:
    source = """
        from fastapi import FastAPI, Request

        app = FastAPI()
        begun = []

        @app.post("/")
        async def echo(request: Request) -> str:
            begun.append(request)
            return (await request.body()).decode()

        @app.get("/begun")
        async def count() -> int:
            return len(begun)
    """
    async with serve(source) as server:
        visitor = server.start("POST", "/", json=7, body_later=True)
        with anyio.fail_after(HANG_S):
            while (await server.get("/begun")).body != b"1":
                await anyio.sleep(0.01)
        assert not visitor.answered
        visitor.send_body()
        assert (await visitor).body == b'"7"'


async def test_a_body_that_is_due_at_once_is_not_kept_back(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        visitor = server.start("GET", "/left", body_later=True)
        visitor.send_body()
        assert (await visitor).status == 200


async def test_the_server_sees_that_a_visitor_left(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        pending = server.start("GET", "/stream", read_bytes_per_s=10_000)
        await pending.received(b"x", 1)
        pending.leave()
        with anyio.fail_after(HANG_S):
            while (await server.get("/left")).body != b"1":
                await anyio.sleep(0.01)


CROWDED = """
    import asyncio
    from fastapi import FastAPI

    app = FastAPI()
    begun = []

    @app.get("/wait")
    async def wait() -> None:
        begun.append(1)
        await asyncio.sleep(600)

    @app.get("/begun")
    async def count() -> int:
        return len(begun)

    @app.get("/silent")
    async def silent() -> None:
        await asyncio.sleep(600)
"""


REFUSALS = (h11.LocalProtocolError, TypeError, ValueError)


@pytest.mark.parametrize(
    ("path", "options", "error"),
    [
        ("/a b", {}, "LocalProtocolError: Illegal target characters"),
        ("", {}, "LocalProtocolError: Illegal target characters"),
        ("/left", {"headers": {"host": "x"}}, "LocalProtocolError: Found multiple Host"),
        ("/left", {"headers": {"content-length": "5"}}, "LocalProtocolError: Too little data"),
        ("/left", {"headers": {"x": " a"}}, "LocalProtocolError: Illegal header value"),
        ("/left", {"headers": {"x": "€"}}, "UnicodeEncodeError: 'latin-1' codec can't encode"),
        ("/left", {"json": {1, 2}}, "TypeError: Object of type set is not JSON serializable"),
        ("/left", {"read_bytes_per_s": 0}, "ValueError: read_bytes_per_s must be positive"),
        ("/left", {"leave_after_s": -1}, "ValueError: leave_after_s must not be negative"),
    ],
)
async def test_a_wrong_request_is_a_fault_of_the_line_that_sends_it(
    attempt: AttemptContext, path: str, options: dict[str, Any], error: str
) -> None:
    async with anyio.create_task_group() as tasks:
        visitors = Visitors([("127.0.0.1", 1)], attempt, tasks)
        with pytest.raises(REFUSALS, match=error.partition(": ")[2]) as caught:
            visitors.start("GET", path, **options)
    fault = fault_of_check(caught.value, Path(__file__))
    assert f"{Path(__file__)}:" in fault
    assert error in fault
    assert visitors.attendance.unlooked() == []


async def test_settle_waits_until_the_server_has_begun_all_earlier_requests(
    serve: Serve,
) -> None:
    async with serve(CROWDED) as server:
        for _ in range(130):
            server.start("GET", "/wait")
        assert (await server.settle("/begun")).body == b"130"
        silence = await server.settle("/silent", within_s=0.1)
    assert silence.exchange.error is ExchangeError.TIMED_OUT


async def test_settle_makes_fewer_requests_to_an_app_that_takes_its_time(serve: Serve) -> None:
    source = """
        import asyncio
        from fastapi import FastAPI

        app = FastAPI()
        asked = []

        @app.get("/slow")
        async def slow() -> int:
            asked.append(1)
            await asyncio.sleep(0.3)
            return len(asked)
    """
    async with serve(source) as server:
        asked = int((await server.settle("/slow")).body)
    assert 2 <= asked < SETTLE_REQUESTS


async def test_a_visitor_gives_up_at_its_deadline(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        answer = await server.get("/never", within_s=0.02)
    assert answer.exchange.error is ExchangeError.TIMED_OUT
    assert answer.status is None


async def test_a_refused_connection_is_an_error(attempt: AttemptContext) -> None:
    # A socket that is bound and does not listen keeps the port from all other processes.
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        async with anyio.create_task_group() as tasks:
            visitors = Visitors([bound.getsockname()], attempt, tasks)
            answer = await visitors.get("/")
            crowd = await visitors.burst("GET", "/", count=3)
    assert answer.exchange.error is ExchangeError.REFUSED
    assert {a.exchange.error for a in crowd} == {ExchangeError.REFUSED}


NEVER = """
import asyncio
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def never():
    await asyncio.Event().wait()
"""


async def test_patience_of_a_crowd_begins_when_the_check_says_so(serve: Serve) -> None:
    async with serve(NEVER) as server:
        crowd = [server.start("GET", "/", within_s=0.1) for _ in range(3)]
        assert not any(visitor.answered for visitor in crowd)
        for visitor in crowd:
            visitor.begin_patience()
        await until(lambda: all(visitor.answered for visitor in crowd))
        answers = [await visitor for visitor in crowd]
        assert {answer.exchange.error for answer in answers} == {ExchangeError.TIMED_OUT}


async def test_visitors_who_are_awaited_together_lose_patience_together(serve: Serve) -> None:
    async with serve(NEVER) as server:
        crowd = [server.start("GET", "/", within_s=0.1) for _ in range(3)]
        first, *others = await server.answers(crowd)
    assert {answer.exchange.error for answer in (first, *others)} == {ExchangeError.TIMED_OUT}
    # One after another, the last one would have had three times the patience.
    assert all(answer.watch.started_s <= first.watch.ended_s for answer in others)
