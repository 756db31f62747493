"""Checks of two-event-loops. By answers and by counting connections at the harbour's side; only patience needs a clock."""

import secrets

from grader.checks.api import Answer, Server, Upstream, expect

ROW = 12
CONNECTIONS = 3
"""One is enough for questions that come one after another; an app that cannot use one twice has 12."""

AT_ONCE = 5
"""As many as a pool of threads has on the smallest machine: `asyncio.to_thread` has one for each core, and 4 more."""

ARRIVED_S = 1.5
HEALTHY_S = 1.2
"""When the load balancer gives up. The task grants 1 s; right apps need some milliseconds."""


def ferries(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def harbour_knows_all(upstream: Upstream) -> None:
    upstream.on("/ferries/*", json=lambda call: {"seats": call.value})


def is_told(answer: Answer, ferry: int, upstream: Upstream) -> None:
    """The visitor gets what the harbour said to the last question about this ferry."""
    expect(answer).status(200).json({"ferry": ferry, "seats": upstream.value(f"/ferries/{ferry}")})


async def test_every_visitor_is_answered(server: Server, upstream: Upstream) -> None:
    """12 visitors, one after another, are all answered."""
    harbour_knows_all(upstream)
    for ferry in ferries(ROW):
        is_told(await server.get(f"/ferries/{ferry}"), ferry, upstream)


async def test_the_harbour_is_asked_anew(server: Server, upstream: Upstream) -> None:
    """The harbour is asked anew for every visitor, and only once."""
    harbour_knows_all(upstream)
    ferry, unknown = ferries(2)
    for asked in (1, 2):
        is_told(await server.get(f"/ferries/{ferry}"), ferry, upstream)
        expect(len(upstream.calls(f"/ferries/{ferry}")), "questions that reached the harbour").equals(asked)
    upstream.on("/ferries/*", status=404)
    for sunk in (ferry, unknown):
        expect(await server.get(f"/ferries/{sunk}")).status(404)


async def test_visitors_share_connections(server: Server, upstream: Upstream) -> None:
    """12 visitors, one after another, need at most 3 connections."""
    harbour_knows_all(upstream)
    for ferry in ferries(ROW):
        is_told(await server.get(f"/ferries/{ferry}"), ferry, upstream)
    expect(upstream.connections.opened, "connections opened to the harbour").at_most(CONNECTIONS)


async def test_visitors_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 visitors at once do not wait for one another."""
    harbour_knows_all(upstream)
    async with upstream.hold("/ferries/*") as held:
        visitors = {ferry: server.start("GET", f"/ferries/{ferry}") for ferry in ferries(AT_ONCE)}
        await held.arrivals(AT_ONCE, deadline_s=ARRIVED_S)
        held.release()
        for ferry, visitor in visitors.items():
            is_told(await visitor, ferry, upstream)


async def test_health_is_answered_meanwhile(server: Server, upstream: Upstream) -> None:
    """The health check is answered while the harbour thinks."""
    harbour_knows_all(upstream)
    ferry = ferries(1)[0]
    async with upstream.hold("/ferries/*") as held:
        visitor = server.start("GET", f"/ferries/{ferry}")
        await held.arrivals(1)
        expect(await server.get("/health", give_up_s=HEALTHY_S)).status(200).json({"status": "ok"})
        held.release()
        is_told(await visitor, ferry, upstream)
