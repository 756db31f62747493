"""The load client: what it sends, and what it writes down."""

import itertools
import socket
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest

from grader.evidence.claims import GateClaim
from grader.evidence.traffic import ExchangeError
from grader.load.client import BODY_LIMIT_BYTES, Visitors
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed
from grader.measure.recorder import Recorder
from tests.conftest import Serve
from tests.waiting import HANG_S

SLEEPER = """
    import asyncio
    from fastapi import FastAPI, Request
    from fastapi.responses import StreamingResponse

    app = FastAPI()
    left = []

    @app.get("/sleep/{n}")
    async def sleep(n: int) -> int:
        await asyncio.sleep(0.05)
        return n

    @app.post("/echo")
    async def echo(request: Request) -> dict:
        return {"body": await request.json(), "agent": request.headers.get("x-agent")}

    @app.get("/stream")
    async def stream():
        async def parts():
            try:
                for _ in range(100):
                    yield b"x" * 10_000
                    await asyncio.sleep(0.001)
            finally:
                left.append(1)
        return StreamingResponse(parts())

    @app.get("/left")
    async def count() -> int:
        return len(left)

    @app.get("/never")
    async def never() -> None:
        await asyncio.sleep(600)

    begun, all_begun = [], asyncio.Event()

    @app.get("/together/{n}")
    async def together(n: int) -> int:
        begun.append(n)
        if len(begun) == 100:
            all_begun.set()
        await all_begun.wait()
        return n

    @app.get("/huge")
    async def huge():
        async def parts():
            while True:
                yield b"x" * 1_000_000
        return StreamingResponse(parts())
"""


async def test_an_exchange_has_its_times_in_order(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        exchange = (await server.get("/sleep/1")).exchange
    assert exchange.sent_s is not None
    assert exchange.first_byte_s is not None
    assert exchange.last_byte_s is not None
    assert (
        exchange.planned_s
        <= exchange.sent_s
        <= exchange.first_byte_s
        <= exchange.last_byte_s
        == exchange.ended_s
    )
    assert exchange.elapsed_s >= 0.045
    assert (exchange.status, exchange.size_bytes, exchange.body, exchange.error) == (
        200,
        1,
        "1",
        None,
    )


async def test_a_body_and_headers_are_sent(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        answer = await server.post("/echo", {"a": [1]}, headers={"x-agent": "me"})
    assert answer.body == b'{"body":{"a":[1]},"agent":"me"}'


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


async def test_steady_visitors_come_as_planned_however_slow_the_answers(serve: Serve) -> None:
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


async def test_a_server_hears_of_a_visitor_who_leaves(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        pending = server.start("GET", "/stream", read_bytes_per_s=10_000)
        await pending.received(b"x", 1)
        pending.leave()
        with anyio.fail_after(HANG_S):
            while (await server.get("/left")).body != b"1":
                await anyio.sleep(0.01)


async def test_a_pending_request_can_be_left_and_tells_when_it_is_answered(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        pending = server.start("GET", "/sleep/1")
        other = server.start("GET", "/sleep/2")
        assert not pending.answered
        pending.leave()
        assert (await other).status == 200
        assert (await pending).exchange.error is ExchangeError.LEFT


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


async def test_what_was_sent_before_has_been_begun_when_the_server_has_settled(
    serve: Serve,
) -> None:
    async with serve(CROWDED) as server:
        for _ in range(130):
            server.start("GET", "/wait")
        assert (await server.settle("/begun")).body == b"130"
        silence = await server.settle("/silent", give_up_s=0.1)
    assert silence.exchange.error is ExchangeError.TIMED_OUT


async def test_what_has_come_of_a_stream_can_be_waited_for(
    serve: Serve, recorder: Recorder
) -> None:
    source = """
        import asyncio
        from collections.abc import AsyncIterator
        from fastapi import FastAPI
        from fastapi.sse import EventSourceResponse

        app = FastAPI()
        more = asyncio.Event()

        @app.get("/news", response_class=EventSourceResponse)
        async def news() -> AsyncIterator[dict[str, int]]:
            for number in range(3):
                yield {"number": number}
            await more.wait()
            yield {"number": 3}
            await asyncio.Event().wait()

        @app.post("/more")
        async def go_on() -> None:
            more.set()
    """
    async with serve(source) as server:
        reader = server.start("GET", "/news")
        assert await reader.events(3) == [{"number": number} for number in range(3)]
        assert not reader.answered
        await server.post("/more")
        await reader.received(b"number", 4)
        assert reader.body.count(b"data:") == 4
        with pytest.raises(GateMissed):
            await reader.events(5, deadline_s=0.05)
        reader.leave()
        assert (await reader).headers["content-type"].startswith("text/event-stream")
    whats = [claim.what for claim in recorder.claims if isinstance(claim, GateClaim)]
    news = "in the answer to GET /news"
    assert whats == [f"events {news}", f"'number' {news}", f"events {news}"]


async def test_a_slow_reader_holds_the_answer_back(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        fast = await server.get("/stream")
        slow = await server.get("/stream", read_bytes_per_s=2_000_000, give_up_s=HANG_S)
    assert len(fast.body) == len(slow.body) == 1_000_000
    assert slow.elapsed_s > 0.4


async def test_a_visitor_gives_up(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        answer = await server.get("/never", give_up_s=0.02)
    assert answer.exchange.error is ExchangeError.TIMED_OUT
    assert answer.status is None


async def test_an_endless_answer_is_cut_off(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        answer = await server.get("/huge")
    assert answer.exchange.error is ExchangeError.TOO_LARGE
    assert len(answer.body) <= BODY_LIMIT_BYTES + 1_000_000
    assert len(answer.exchange.body) == 500


@contextmanager
def raw_server(reply: bytes) -> Iterator[tuple[str, int]]:
    """A server that answers its first visitor with these bytes and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()
        thread.join()


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (b"nonsense\r\n\r\n", ExchangeError.MALFORMED),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", ExchangeError.CLOSED),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 100_000, ExchangeError.MALFORMED),
        (b"", ExchangeError.CLOSED),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", None),
    ],
)
async def test_what_is_no_answer_becomes_an_error(
    reply: bytes, error: ExchangeError | None, attempt: AttemptContext
) -> None:
    with raw_server(reply) as address:
        async with anyio.create_task_group() as tasks:
            answer = await Visitors([address], attempt, tasks).get("/")
    assert answer.exchange.error is error


async def test_a_refused_connection_is_an_error(attempt: AttemptContext) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
    async with anyio.create_task_group() as tasks:
        visitors = Visitors([address], attempt, tasks)
        answer = await visitors.get("/")
        crowd = await visitors.burst("GET", "/", count=3)
    assert answer.exchange.error is ExchangeError.REFUSED
    assert {a.exchange.error for a in crowd} == {ExchangeError.REFUSED}
