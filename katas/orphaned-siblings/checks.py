"""Checks of orphaned-siblings. Searches are held at the gateway, which sees what the app gives up."""

import secrets
from collections.abc import Sequence

from grader.checks.api import Answer, Call, Pending, Promises, Server, Upstream, expect

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}

CONNECTIONS = 12
"""As many as the contract allows."""

CROWD = 4
"""Their searches need all connections."""


def trips(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def searches(*numbers: int) -> dict[str, int]:
    """One search with each service for each trip."""
    return {f"GET /{service}/{trip}": 1 for trip in numbers for service in SERVICES.values()}


def services_know_all(upstream: Upstream) -> None:
    upstream.on("*", json=lambda call: {"cents": call.value})


def is_priced(answer: Answer, trip: int, calls: Sequence[Call]) -> None:
    """The trip costs what its own three searches said."""
    prices = {part: call.said["cents"] for part, call in zip(SERVICES, calls, strict=True)}
    expect(answer).status(200).json({"trip": trip, **prices})


async def is_served(server: Server, upstream: Upstream, trip: int) -> None:
    """A visitor alone gets the trip, asked for anew."""
    asked = upstream.since()
    answer = await server.get(f"/trips/{trip}")
    is_priced(answer, trip, asked.exactly(searches(trip)))


async def crowd_is_together(server: Server, upstream: Upstream, promised: Promises) -> None:
    """All searches of as many trips as have room are under way at the same time."""
    async with upstream.hold("*") as held:
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in trips(CROWD)}
        calls = {trip: await held.arrivals(searches(trip)) for trip in visitors}
        held.release()
        for trip, visitor in visitors.items():
            is_priced(await visitor, trip, calls[trip])


async def test_a_trip_is_asked_for_each_time(server: Server, upstream: Upstream) -> None:
    """A trip costs what the services say to this visitor; each is asked once."""
    services_know_all(upstream)
    first, second = trips(2)
    for trip in (first, first, second, first):
        await is_served(server, upstream, trip)
    upstream.on("*", json={"cents": secrets.randbelow(10**6)})
    for trip in (second, first, second):
        await is_served(server, upstream, trip)
    await server.quiet()
    expect(len(upstream.calls()), "searches for 7 visitors").equals(7 * len(SERVICES))


async def test_the_routes_stay(server: Server, upstream: Upstream) -> None:
    """Numbers that are no trip are refused, and /health answers while searches are under way."""
    for refused in ("0", "-1", "1.5", "seventeen"):
        expect(await server.get(f"/trips/{refused}")).status(422)
    asked = upstream.since()
    (trip,) = trips(1)
    services_know_all(upstream)
    async with upstream.hold("*") as held:
        visitor = server.start("GET", f"/trips/{trip}")
        calls = await held.arrivals(searches(trip))
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        held.release()
        is_priced(await visitor, trip, calls)
    await server.quiet()
    asked.exactly(...)


async def test_searches_are_under_way_together(server: Server, upstream: Upstream) -> None:
    """4 visitors at once have all their 12 searches under way together."""
    services_know_all(upstream)
    await crowd_is_together(server, upstream)
    for trip in trips(CROWD):
        await is_served(server, upstream, trip)
    await crowd_is_together(server, upstream)


async def test_visitors_of_one_trip_are_asked_for_each(server: Server, upstream: Upstream) -> None:
    """Of visitors of the same trip each is asked for; one who fails or leaves takes nobody along."""
    services_know_all(upstream)
    (trip,) = trips(1)
    upstream.on(f"/cars/{trip}", status=503, times=1)
    async with upstream.hold("/cars/*") as cars, upstream.hold("*") as others:
        visitors, calls = [], []
        for _ in range(CROWD):
            visitors.append(server.start("GET", f"/trips/{trip}"))
            calls.append(await upstream.arrivals(searches(trip)))
        failing, leaver, *staying = visitors
        leaver.leave()
        await server.settle("/health")
        cars.release()
        expect(await failing).status(502)
        await server.settle("/health")
        others.release()
        for visitor, asked in zip(staying, calls[2:], strict=True):
            is_priced(await visitor, trip, asked)
    await is_served(server, upstream, trip)


async def test_a_slow_search_has_not_failed(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A search that takes 1.2 s is waited for, and asked for once."""
    services_know_all(upstream)
    asked, numbers = upstream.since(), trips(CROWD)
    for trip, service in zip(numbers, (*SERVICES.values(), "*"), strict=True):
        upstream.on(f"/{service}/{trip}", delay_s=promised.search_s, json=lambda call: {"cents": call.value})
    within_s = promised.search_s + promised.default_s
    visitors = {trip: server.start("GET", f"/trips/{trip}", within_s=within_s) for trip in numbers}
    calls = ...
