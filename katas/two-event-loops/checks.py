"""Checks of two-event-loops. By answers and by counting connections at the harbour's side; only patience needs a clock."""

import secrets
from collections.abc import Iterable

from grader.checks.api import Answer, Call, Server, Upstream, expect

ROW = 12
CONNECTIONS = 3
"""One is enough for questions that come one after another; an app that cannot use one twice has 12."""

AT_ONCE = 5
"""As many as a pool of threads has on the smallest machine: `asyncio.to_thread` has one for each core, and 4 more."""


def ferries(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def harbour_knows_all(upstream: Upstream) -> None:
    upstream.on("/ferries/*", json=lambda call: {"seats": call.value})


def questions(ferries: Iterable[int]) -> dict[str, int]:
    """One question about each of these ferries."""
    return {f"/ferries/{ferry}": 1 for ferry in ferries}


def is_told(answer: Answer, ferry: int, call: Call) -> None:
    """The visitor gets what the harbour said to this question."""
    expect(answer).status(200).json({"ferry": ferry, "seats": call.value})


async def row_is_told(server: Server, upstream: Upstream) -> None:
    """12 visitors come one after another, and each is told the harbour's last word about their ferry."""
    harbour_knows_all(upstream)
    for ferry in ferries(ROW):
        answer = await server.get(f"/ferries/{ferry}")
        expect(answer).status(200)
        told = [call.value for call in upstream.calls(f"/ferries/{ferry}")]
        expect(answer).json({"ferry": ferry, "seats": told[-1] if told else None})


async def test_every_visitor_is_answered(server: Server, upstream: Upstream) -> None:
    """12 visitors, one after another, are all answered."""
    await row_is_told(server, upstream)


async def test_the_harbour_is_asked_anew(server: Server, upstream: Upstream) -> None:
    """The harbour is asked anew for every visitor, and only once."""
    harbour_knows_all(upstream)
    ferry, unknown = ferries(2)
    for _ in range(2):
        asked = upstream.since()
        answer = await server.get(f"/ferries/{ferry}")
        expect(answer).status(200)
        (call,) = asked.exactly(questions([ferry]))
        is_told(answer, ferry, call)
    upstream.on("/ferries/*", status=404)
    for sunk in (ferry, unknown):
        expect(await server.get(f"/ferries/{sunk}")).status(404)


async def test_visitors_share_connections(server: Server, upstream: Upstream) -> None:
    """12 visitors, one after another, need at most 3 connections."""
    await row_is_told(server, upstream)
    expect(upstream.connections.opened, "connections opened to the harbour").at_most(CONNECTIONS)


async def test_visitors_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 visitors at once do not wait for one another."""
    harbour_knows_all(upstream)
    async with upstream.hold("/ferries/*") as held:
        visitors = {ferry: server.start("GET", f"/ferries/{ferry}") for ferry in ferries(AT_ONCE)}
        calls = await held.arrivals(questions(visitors))
        held.release()
        for (ferry, visitor), call in zip(visitors.items(), calls, strict=True):
            is_told(await visitor, ferry, call)


async def test_health_is_answered_meanwhile(server: Server, upstream: Upstream) -> None:
    """The health check is answered while the harbour thinks."""
    harbour_knows_all(upstream)
    ferry = ferries(1)[0]
    async with upstream.hold("/ferries/*") as held:
        visitor = server.start("GET", f"/ferries/{ferry}")
        (call,) = await held.arrivals(questions([ferry]))
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        held.release()
        is_told(await visitor, ferry, call)
