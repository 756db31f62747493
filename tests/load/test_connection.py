"""One connection and its exchange: what is sent, what is read, and which answers are errors."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import anyio
import pytest

from grader.evidence.traffic import ExchangeError
from grader.load.connection import BODY_LIMIT_BYTES
from grader.load.visitors import Visitors
from grader.measure.attempt import AttemptContext
from tests.conftest import Serve
from tests.load.apps import SLEEPER
from tests.waiting import HANG_S


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
        answer = await server.post("/echo", {"a": [1]}, headers={"x-agent": "me\xb2"})
    assert answer.body == '{"body":{"a":[1]},"agent":"me\xb2"}'.encode()


async def test_a_slow_reader_slows_the_answer_down(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        fast = await server.get("/stream")
        slow = await server.get("/stream", read_bytes_per_s=2_000_000)
    assert len(fast.body) == len(slow.body) == 1_000_000
    assert slow.elapsed_s > 0.4


async def test_an_endless_answer_is_cut_off_and_counts_as_an_error(serve: Serve) -> None:
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
                with suppress(OSError):  # the visitor leaves as soon as it has seen nonsense
                    connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()
        thread.join(HANG_S)


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
async def test_an_answer_that_is_not_http_is_an_error(
    reply: bytes, error: ExchangeError | None, attempt: AttemptContext
) -> None:
    with raw_server(reply) as address:
        async with anyio.create_task_group() as tasks:
            answer = await Visitors([address], attempt, tasks).get("/")
    assert answer.exchange.error is error
