"""The upstream: how checks steer it, and what it sees of the solution."""

import json
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import anyio
import httpx
import pytest

from grader.evidence.claims import GateClaim
from grader.evidence.traffic import EventEnd
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed
from grader.measure.recorder import Recorder
from grader.services.upstream import Upstream, running_upstream
from tests.conftest import listening_socket
from tests.waiting import HANG_S


@pytest.fixture
async def upstream(attempt: AttemptContext) -> AsyncIterator[Upstream]:
    attempt.watcher.watch(lambda: [os.getpid()], tuple)  # gates that stay shut are given up sooner
    with listening_socket() as listening:
        async with running_upstream(listening, attempt) as upstream:
            yield upstream


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=upstream.url, timeout=HANG_S) as client:
        yield client


async def test_each_call_gets_a_value_that_nobody_could_know(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    values = [(await client.get("/a")).json()["value"] for _ in range(20)]
    assert len(set(values)) == 20
    assert [call.value for call in upstream.calls("/a")] == values


async def test_a_call_is_recorded_with_its_times(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    upstream.on("/slow", delay_s=0.05)
    await client.post("/slow?q=1", json={"x": 1})
    (event,) = recorder.events.values()
    assert (event.service, event.kind, event.what) == ("upstream", "call", "POST /slow?q=1")
    assert (event.outcome, event.end) == ("200", EventEnd.ANSWERED)
    assert event.answered_s is not None
    assert event.ended_s is not None
    assert event.began_s + 0.045 <= event.answered_s <= event.ended_s
    assert upstream.calls()[0].query == "q=1"
    assert json.loads(upstream.calls()[0].body) == {"x": 1}


async def test_what_the_solution_sent_can_be_read_as_json(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    await client.post("/a", json={"x": [1]})
    await client.post("/a", content=b"{x")
    await client.get("/a")
    assert [call.json for call in upstream.calls()] == [{"x": [1]}, None, None]


async def test_a_later_rule_goes_before_an_earlier_one_and_stands_back_when_used_up(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    upstream.on("/*", json=lambda call: {"path": call.path})
    upstream.on("/flaky", status=503, times=2)
    assert [(await client.get("/flaky")).status_code for _ in range(3)] == [503, 503, 200]
    assert (await client.get("/other")).json() == {"path": "/other"}


async def test_a_hold_proves_that_calls_are_under_way_at_once(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    async with upstream.hold("/a", "/b") as held, anyio.create_task_group() as tasks:
        for path in ("/a", "/b", "/a"):
            tasks.start_soon(client.get, path)
        await held.arrivals(3)
        assert all(call.open for call in held.calls)
        assert (await client.get("/free")).status_code == 200
        held.release()
    assert [event.end for event in recorder.events.values()] == [EventEnd.ANSWERED] * 4
    assert (await client.get("/a")).status_code == 200


async def test_a_gate_that_does_not_open_leaves_a_claim(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    async with anyio.create_task_group() as tasks, upstream.hold("/a") as held:
        tasks.start_soon(client.get, "/a")
        await held.arrivals(1)
        with pytest.raises(GateMissed):
            await held.arrivals(2, within_s=0.1)
    claim = recorder.claims[-1]
    assert isinstance(claim, GateClaim)
    assert (claim.wanted, claim.seen, claim.own_limit_s) == (2, 1, 0.125)


async def test_the_peak_counts_calls_that_overlap(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    assert upstream.peak() == 0
    for _ in range(3):
        await client.get("/a")
    assert upstream.peak("/a") == 1
    async with upstream.hold("/a", "/b") as held, anyio.create_task_group() as tasks:
        for path in ("/a", "/b", "/a"):
            tasks.start_soon(client.get, path)
        await held.arrivals(3)
        assert (upstream.peak(), upstream.peak("/a"), upstream.peak("/b")) == (3, 2, 1)
        held.release()
    await client.get("/b")
    assert (upstream.peak(), upstream.peak("/a"), upstream.peak("/b")) == (3, 2, 1)


async def test_a_hold_that_is_released_again_leaves_later_calls_alone(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    answers: list[int] = []

    async def call_twice() -> None:
        for _ in range(2):
            answers.append((await client.get("/a")).json()["value"])

    async with (
        upstream.hold("/a") as first,
        upstream.hold("/a") as second,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(call_twice)
        await first.arrivals(1)
        first.release()
        await second.arrivals(1)
        first.release()
        await anyio.sleep(0.02)
        assert len(second.calls) == 1
        second.release()
    assert answers == [call.value for call in upstream.calls("/a")]
    assert upstream.connections.opened == 1


async def call_and_leave(upstream: Upstream, client: httpx.AsyncClient, path: str) -> None:
    """Call, and go away once the call has arrived."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.get, path)
        await upstream.arrivals(path, 1)
        tasks.cancel_scope.cancel()
    await upstream.departures(path, 1)


async def test_a_client_that_goes_away_is_seen(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    upstream.on("/never", never=True)
    await call_and_leave(upstream, client, "/never")
    assert upstream.calls()[0].record.end is EventEnd.CLIENT_LEFT
    assert upstream.calls()[0].record.answered_s is None


async def test_a_held_call_whose_client_went_away_is_not_counted(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    async with upstream.hold("/a") as held:
        await call_and_leave(upstream, client, "/a")
        assert held.calls == []


async def test_connections_are_counted(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    await client.get("/a")
    await client.get("/a")
    async with httpx.AsyncClient(base_url=upstream.url) as other:
        await other.get("/a")
        assert (
            upstream.connections.opened,
            upstream.connections.open,
            upstream.connections.peak,
        ) == (2, 2, 2)
    await client.aclose()
    await upstream.connections.closed()
    assert upstream.connections.open == 0
    assert [connection.service for connection in recorder.connections.values()] == [
        "upstream",
        "upstream",
    ]
    assert all(connection.closed_s is not None for connection in recorder.connections.values())


@dataclass
class Visitor:
    served: bool = False


async def test_calls_that_will_never_come_are_not_waited_for_when_their_visitors_are_answered(
    upstream: Upstream,
) -> None:
    visitors = [Visitor(), Visitor(served=True)]
    with pytest.raises(GateMissed):
        await upstream.arrivals("/a", 2, within_s=0.1, unless=visitors)
    visitors[0].served = True
    await upstream.arrivals("/a", 2, unless=visitors)


async def test_a_call_that_goes_on_is_waited_for_though_its_visitor_is_answered(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    upstream.on("/a", never=True)
    await upstream.departures("/a", 1, unless=[Visitor(served=True)])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.get, "/a")
        await upstream.arrivals("/a", 1)
        with pytest.raises(GateMissed):
            await upstream.departures("/a", 1, within_s=0.1, unless=[Visitor(served=True)])
        tasks.cancel_scope.cancel()


async def test_it_is_told_when_a_call_is_over_and_how(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    ended: list[tuple[str, str, EventEnd]] = []
    recorder.subscribe(lambda event: ended.append((event.what, event.outcome, event.end)))
    upstream.on("/b", status=503)
    upstream.on("/never", never=True)
    await client.get("/a")
    await client.get("/b")
    await call_and_leave(upstream, client, "/never")
    assert ended == [
        ("GET /a", "200", EventEnd.ANSWERED),
        ("GET /b", "503", EventEnd.ANSWERED),
        ("GET /never", "", EventEnd.CLIENT_LEFT),
    ]


async def test_what_is_over_can_be_forgotten_while_it_runs_on(
    upstream: Upstream, client: httpx.AsyncClient, recorder: Recorder
) -> None:
    async with upstream.hold("/held") as held, anyio.create_task_group() as tasks:
        await client.get("/a")
        tasks.start_soon(client.get, "/held")
        await held.arrivals(1)
        recorder.forget_ended()
        assert upstream.take_stock() == "2 calls, 1 at once"
        assert [call.path for call in upstream.calls()] == ["/held"]
        assert [event.what for event in recorder.events.values()] == ["GET /held"]
        assert len(recorder.connections) == upstream.connections.open
        held.release()
    assert upstream.calls()[0].record.end is EventEnd.ANSWERED


async def test_wanted_calls_are_returned_in_their_order_with_what_they_were_told(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    upstream.on("/b", json=lambda call: {"of": call.path})
    told = [(await client.get(path)).json() for path in ("/b", "/a", "/b")]
    b, a = await upstream.arrivals({"/b": 1, "GET /a": 1})
    assert [b.said, a.said] == told[:2]
    assert [call.said for call in upstream.surplus] == told[2:]
    (again,) = await upstream.arrivals({"/b": 1})
    assert again is upstream.calls()[2]


async def test_strays_never_open_a_gate(upstream: Upstream, client: httpx.AsyncClient) -> None:
    for _ in range(3):
        await client.get("/rooms/0")
    with pytest.raises(GateMissed) as missed:
        await upstream.arrivals({"/rooms/17": 1}, within_s=0.05)
    assert missed.value.claim.what == "calls to /rooms/17 (instead: GET /rooms/0 (3 ×))"


async def test_bodies_are_compared_as_json(upstream: Upstream, client: httpx.AsyncClient) -> None:
    await client.post("/a", json={"x": 1, "y": [2]})
    with pytest.raises(GateMissed):
        await upstream.arrivals({"POST /a": [{"x": 2}]}, within_s=0.05)
    assert len(await upstream.arrivals({"POST /a": [{"y": [2], "x": 1}]})) == 1


async def test_a_wanted_call_that_will_never_come_is_not_waited_for(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    await client.get("/a")
    (only,) = await upstream.arrivals({"/a": 1, "/b": 1}, unless=[Visitor(served=True)])
    assert only.path == "/a"


async def test_calls_since_a_moment_are_stated(
    upstream: Upstream, client: httpx.AsyncClient
) -> None:
    await client.get("/a")
    asked = upstream.since()
    await client.get("/a")
    assert asked.exactly({"/a": 1}) == upstream.calls()[1:]


async def test_calls_that_are_given_up_are_waited_for_together(
    upstream: Upstream, client: httpx.AsyncClient, attempt: AttemptContext
) -> None:
    await upstream.given_up([])
    async with upstream.hold("*") as held, anyio.create_task_group() as tasks:
        for path in ("/a", "/b"):
            tasks.start_soon(client.get, path)
        a, b = calls = await held.arrivals({"/a": 1, "/b": 1})
        with pytest.raises(GateMissed) as missed:
            await upstream.given_up(calls, since=attempt.watcher.open(), within_s=0.05)
        assert missed.value.claim.what == "calls given up by the app (not: GET /a, GET /b)"
        tasks.cancel_scope.cancel()
    await upstream.given_up(calls)
    assert a.left
    assert b.left
