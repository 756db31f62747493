"""The upstream's HTTP server: what it reads, what it sends, and when it closes a connection."""

import contextlib
import json
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest

from grader.evidence.traffic import EventEnd
from grader.measure.attempt import AttemptContext
from grader.measure.recorder import Recorder
from grader.services.upstream import Upstream, running_upstream
from tests.conftest import listening_socket
from tests.waiting import HANG_S


@pytest.fixture
async def upstream(attempt: AttemptContext) -> AsyncIterator[Upstream]:
    with listening_socket() as listening:
        async with running_upstream(listening, attempt) as upstream:
            yield upstream


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=upstream.url, timeout=HANG_S) as client:
        yield client


async def test_a_call_has_method_path_query_body_and_headers(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    await client.post("/a/b?x=1&y=2", content=b"text", headers={"X-Name": "value"})
    (call,) = upstream.calls()
    assert (call.method, call.path, call.query, call.body) == ("POST", "/a/b", "x=1&y=2", b"text")
    assert call.headers["x-name"] == "value"


async def test_calls_come_one_after_another_on_one_connection(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    for _ in range(3):
        assert (await client.get("/a")).status_code == 200
    assert upstream.connections.opened == 1
    assert len({event.connection for event in recorder.events.values()}) == 1


async def test_a_connection_that_the_solution_wants_closed_is_closed(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await client.get("/a", headers={"Connection": "close"})
    await upstream.connections.closed()
    assert upstream.connections.opened == 2


async def test_a_body_that_is_too_large_closes_the_connection(
    upstream: Upstream, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.services.upstream_http.BODY_LIMIT_BYTES", 10)
    assert (await client.post("/a", content=b"x" * 10)).status_code == 200
    with pytest.raises(httpx.HTTPError):
        await client.post("/a", content=b"x" * 11)
    assert len(upstream.calls()) == 1


async def test_connections_of_a_flood_are_closed(
    upstream: Upstream, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.services.connections.OPENED_LIMIT", 1)
    await client.get("/a")
    async with httpx.AsyncClient(base_url=upstream.url, timeout=HANG_S) as other:
        with pytest.raises(httpx.HTTPError):
            await other.get("/a")
    assert len(upstream.calls()) == 1


async def test_a_call_that_is_open_at_the_end_is_not_given_up_by_the_solution(
    attempt: AttemptContext, recorder: Recorder
) -> None:
    with listening_socket() as listening:
        async with anyio.create_task_group() as tasks:
            async with running_upstream(listening, attempt) as upstream:
                upstream.on("/never", never=True)
                client = httpx.AsyncClient(base_url=upstream.url, timeout=HANG_S)
                tasks.start_soon(client.get, "/never")
                await upstream.arrivals("/never", 1)
                tasks.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                await client.aclose()
    (event,) = recorder.events.values()
    assert event.end is EventEnd.OPEN


async def test_a_drip_comes_in_pieces_over_its_time(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    upstream.on("/drip", drip_s=0.5)
    begun_s = anyio.current_time()
    async with client.stream("GET", "/drip") as answer:
        pieces = [piece async for piece in answer.aiter_raw()]
    assert json.loads(b"".join(pieces)) == upstream.calls("/drip")[-1].said
    assert len(pieces) > 1
    assert anyio.current_time() - begun_s > 0.35


async def test_a_cut_breaks_the_body_off(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    upstream.on("/cut", cut=True)
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/cut")
    assert upstream.calls()[0].record.end is EventEnd.CUT


async def test_a_closed_connection_carries_no_answer_even_after_others(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    upstream.on("/close", close=True)
    assert (await client.get("/kept")).status_code == 200
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await client.get("/close")
    kept, closed = upstream.calls()
    assert kept.record.connection == closed.record.connection
    assert (closed.record.end, closed.status) == (EventEnd.CUT, None)


async def test_an_answer_that_the_kata_cannot_make_is_a_fault_of_the_kata(
    upstream: Upstream, client: httpx.AsyncClient, attempt: AttemptContext
) -> None:
    upstream.on("/a", json=lambda call: call.headers["nothing"])
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/a")
    assert attempt.recorder.mishap.startswith(f"{__file__}:")
    assert "`json` of an upstream's answer, raised KeyError" in attempt.recorder.mishap


async def test_nonsense_closes_the_connection(upstream: Upstream) -> None:
    host, port = upstream.url.removeprefix("http://").split(":")
    async with await anyio.connect_tcp(host, int(port)) as stream:
        await stream.send(b"nonsense\r\n\r\n")
        said = b""
        with contextlib.suppress(anyio.EndOfStream):
            while True:
                said += await stream.receive()
    assert said == b""
    assert upstream.calls() == []


async def test_a_solution_that_asks_without_end_is_cut_off(
    upstream: Upstream,
    client: httpx.AsyncClient,
    recorder: Recorder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("grader.measure.recorder.EVENTS_LIMIT", 2)
    for _ in range(2):
        await client.get("/a")
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/a")
    assert len(recorder.events) == len(upstream.calls()) == 2
