"""Checks of leaked-client. All by counting connections at the carrier's side; no clock."""

import secrets

from grader.checks.api import Promises, Server, Upstream, expect

CALLS = 15
CONNECTIONS = 3
"""One is enough for calls that come one after another; an app that opens one per call has 15."""

OPEN_AT_ONCE = 3
"""A forgotten client stays open until the garbage collector finds it: 9 and more at once, where one is enough."""

CROWD = 10


def parcels(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def carrier_knows_all(upstream: Upstream) -> None:
    upstream.on("/parcels/*", json=lambda call: {"depot": call.value})


async def locate(server: Server, upstream: Upstream, parcel: int) -> None:
    """One visitor, who gets what the carrier said to this very call."""
    answer = await server.get(f"/parcels/{parcel}")
    expect(answer).status(200)
    (call,) = await upstream.arrivals({f"/parcels/{parcel}": 1})
    expect(answer).json({"parcel": parcel, "depot": call.value})


async def test_a_parcel_is_where_the_carrier_says(server: Server, upstream: Upstream) -> None:
    """Every answer is what the carrier says at that moment."""
    carrier_knows_all(upstream)
    for parcel in [*parcels(2)] * 2:
        await locate(server, upstream, parcel)
    expect(len(upstream.calls("/parcels/*")), "questions that reached the carrier").equals(4)
    upstream.on("/parcels/*", status=404)
    expect(await server.get(f"/parcels/{parcels(1)[0]}")).status(404)


async def test_calls_share_their_connections(server: Server, upstream: Upstream) -> None:
    """15 visitors, one after another, need at most 3 connections."""
    carrier_knows_all(upstream)
    for parcel in parcels(CALLS):
        await locate(server, upstream, parcel)
    expect(upstream.connections.opened, "connections opened to the carrier").at_most(CONNECTIONS)


async def test_nothing_is_left_behind_by_a_call(server: Server, upstream: Upstream) -> None:
    """15 visitors leave no open connections behind them."""
    carrier_knows_all(upstream)
    for parcel in parcels(CALLS):
        await locate(server, upstream, parcel)
    expect(upstream.connections.peak, "connections to the carrier open at once").at_most(OPEN_AT_ONCE)


async def test_a_crowd_is_served_at_once(server: Server, upstream: Upstream) -> None:
    """10 visitors at once do not wait for one another."""
    carrier_knows_all(upstream)
    async with upstream.hold("/parcels/*") as held:
        crowd = {parcel: server.start("GET", f"/parcels/{parcel}") for parcel in parcels(CROWD)}
        calls = await held.arrivals({f"/parcels/{parcel}": 1 for parcel in crowd})
        held.release()
        for (parcel, visitor), call in zip(crowd.items(), calls, strict=True):
            expect(await visitor).status(200).json({"parcel": parcel, "depot": call.value})
    expect(len(upstream.calls()), "questions that reached the carrier").equals(CROWD)


async def test_the_app_closes_its_connections_when_it_stops(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When the server stops, the app closes its connections itself."""
    carrier_knows_all(upstream)
    for parcel in parcels(3):
        await locate(server, upstream, parcel)
    life = await server.stop()
    expect(int(life.shutdown_s is not None), "servers that shut down in order").equals(1)
    # After its shutdown a server stands still for 2 s, then the system closes all that it left open: the gate gives up before that.
    await upstream.connections.closed(within_s=promised.closed_s)
