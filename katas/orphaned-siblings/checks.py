"""Checks of orphaned-siblings. Searches are held at the gateway, which sees those that the app gives up."""

import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from grader.checks.api import Answer, Call, Case, Pending, Promises, Server, Upstream, expect

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}
CONNECTIONS = 12
CROWD = CONNECTIONS // len(SERVICES)
"""Visitors whose searches need all connections."""


def trips(count: int) -> list[int]:
    """Unpredictable numbers."""
    return [1 + secrets.randbelow(10**9) for _ in range(count)]


def searches(trip: int, count: int = 1) -> dict[str, int]:
    """The calls for this many visitors of one trip."""
    return {f"GET /{service}/{trip}": count for service in SERVICES.values()}


def all_is_well(upstream: Upstream) -> None:
    upstream.on("*", json=lambda call: {"cents": call.value})


def is_priced(trip: int, calls: Sequence[Call], answer: Answer) -> None:
    """The trip costs what its own three searches said."""
    prices = {part: call.said["cents"] for part, call in zip(SERVICES, calls, strict=True)}
    expect(answer).status(200).json({"trip": trip, **prices})


async def are_served(server: Server, upstream: Upstream, numbers: Iterable[int]) -> None:
    """Visitors who come one after another each get their trip, asked for anew."""
    for trip in numbers:
        asked = upstream.since()
        answer = await server.get(f"/trips/{trip}")
        is_priced(trip, asked.exactly(searches(trip)), answer)


async def crowd_is_served(server: Server, upstream: Upstream, within_s: float | None = None) -> None:
    """As many visitors as there is room for have all their searches under way together."""
    async with upstream.hold("*") as held:
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in trips(CROWD)}
        calls = {trip: await held.arrivals(searches(trip), within_s) for trip in visitors}
        held.release()
        for trip, visitor in visitors.items():
            is_priced(trip, calls[trip], await visitor)


def failures(server: Server, upstream: Upstream, promised: Promises, **options: Any) -> AsyncIterator[Case[Pending]]:
    """Trips of which one search each fails, by an error status or by breaking off."""
    all_is_well(upstream)
    within_s = promised.freed_s + promised.default_s
    options |= {"again": is_priced, "within_s": within_s}
    return upstream.sweep(lambda trip: server.start("GET", f"/trips/{trip}"), searches, **options)


async def test_a_trip_is_asked_for_each_time(server: Server, upstream: Upstream) -> None:
    """A trip costs what the services say to this visitor, and each of them is asked once."""
    all_is_well(upstream)
    first, second = trips(2)
    await are_served(server, upstream, (first, first, second, first))
    upstream.on("*", json={"cents": secrets.randbelow(10**6)})
    await are_served(server, upstream, (second, second, first))
    await server.quiet()
    expect(len(upstream.calls()), "searches for 7 visitors").equals(7 * len(SERVICES))


async def test_the_routes_stay(server: Server, upstream: Upstream) -> None:
    """A number that is no trip is refused with 422, and /health answers during searches."""
    all_is_well(upstream)
    for number in ("0", "-17", "1.5", "seventeen"):
        expect(await server.get(f"/trips/{number}")).status(422)
    async with upstream.hold("*") as held:
        visitor = server.start("GET", "/trips/1")
        calls = await held.arrivals(searches(1))
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        held.release()
        is_priced(1, calls, await visitor)
    await server.quiet()
    expect(len(upstream.calls()), "searches for one trip").equals(len(SERVICES))


async def test_searches_are_under_way_together(server: Server, upstream: Upstream) -> None:
    """4 visitors at once have all their 12 searches under way together."""
    all_is_well(upstream)
    await crowd_is_served(server, upstream)
    await are_served(server, upstream, trips(CROWD))
    await crowd_is_served(server, upstream)


async def test_visitors_of_one_trip_share_nothing(server: Server, upstream: Upstream) -> None:
    """Of visitors of the same trip, one fails and one leaves; the others get what they asked for."""
    all_is_well(upstream)
    (trip,) = trips(1)
    upstream.on(f"/cars/{trip}", status=503, times=1)
    async with upstream.hold("/cars/*") as cars, upstream.hold("*") as others:
        visitors, calls = [], []
        for _ in range(CROWD):
            visitors.append(server.start("GET", f"/trips/{trip}"))
            calls.append(await upstream.arrivals(searches(trip)))
        visitors[1].leave()
        await server.settle("/health")
        cars.release()
        expect(await visitors[0]).status(502)
        others.release()
        for visitor, own in zip(visitors[2:], calls[2:], strict=True):
            is_priced(trip, own, await visitor)
    upstream.on("*", json={"cents": secrets.randbelow(10**6)})
    async with upstream.hold("*") as held:
        visitors = [server.start("GET", f"/trips/{trip}") for _ in range(CROWD)]
        same = await held.arrivals(searches(trip, CROWD))
        held.release()
        for visitor in visitors:
            is_priced(trip, same[::CROWD], await visitor)


async def slow_are_served(server: Server, upstream: Upstream, promised: Promises, slow: int, quick: int) -> None:
    """Visitors whose searches take as long as promised, and others who come a little later, each get their trip."""
    all_is_well(upstream)
    within_s = len(SERVICES) * promised.search_s + promised.default_s
    numbers = trips(slow + quick)
    for trip in numbers[:slow]:
        upstream.on(f"/*/{trip}", delay_s=promised.search_s, json=lambda call: {"cents": call.value})
    visitors = [server.start("GET", f"/trips/{trip}", within_s=within_s) for trip in numbers[:slow]]
    await server.settle("/health")
    visitors += [server.start("GET", f"/trips/{trip}", within_s=within_s) for trip in numbers[slow:]]
    for trip, visitor in zip(numbers, visitors, strict=True):
        answer = await visitor
        expect(answer).status(200)
        is_priced(trip, await upstream.arrivals(searches(trip)), answer)
    expect(len(upstream.calls()), "searches").equals(len(numbers) * len(SERVICES))


async def test_a_slow_search_has_not_failed(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Searches that take 1.1 s are waited for, and not repeated."""
    await slow_are_served(server, upstream, promised, CROWD - 1, 0)


async def test_the_contract_is_kept(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Of 8 visitors at once all are served, over at most 12 connections."""
    await slow_are_served(server, upstream, promised, CROWD, CROWD)
    expect(upstream.connections.peak, "connections open at once").at_most(CONNECTIONS)


async def test_a_failed_trip_may_be_fine_next_time(server: Server, upstream: Upstream) -> None:
    """A failed search is a 502 for its visitor; the next one gets what the services say then."""
    for number, failure in enumerate((404, 429, 500, 503, None)):
        (trip,) = trips(1)
        all_is_well(upstream)
        await are_served(server, upstream, [trip])
        path = f"/{tuple(SERVICES.values())[number % 3]}/{trip}"
        upstream.on(path, status=failure or 200, cut=failure is None)
        async with upstream.hold(path) as held:
            visitor = server.start("GET", f"/trips/{trip}")
            await upstream.arrivals(searches(trip))
            await server.settle("/health")
            held.release()
            expect(await visitor).status(502)
        all_is_well(upstream)
        await are_served(server, upstream, [trip])
        expect(len(upstream.calls(path)), "searches for 3 visitors with this service").equals(3)


async def test_a_failure_is_told_at_once(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Whichever search fails, and however, the visitor gets a 502 without waiting for the others."""
    async for case in failures(server, upstream, promised):
        await case.strike()
        expect(await case.visitor).status(502)
    upstream.on("*", status=503)
    upstream.on("/cars/*", cut=True)
    async with upstream.hold("*") as held:
        visitors = [server.start("GET", f"/trips/{trip}") for trip in trips(2)]
        await held.arrivals(2 * len(SERVICES))
        held.release()
        for visitor in visitors:
            expect(await visitor).status(502)


async def test_a_failure_ends_the_other_searches(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When one search fails, the other two of this trip are ended."""
    async for case in failures(server, upstream, promised, others=("silent",), twin=False):
        failed = await case.strike()
        await upstream.given_up(case.silent, failed, promised.freed_s)
        expect(await case.visitor).status(502)


async def test_failures_leave_room_for_others(server: Server, upstream: Upstream, promised: Promises) -> None:
    """After 6 failures, with searches that still take long, all 12 connections are available."""
    all_is_well(upstream)
    within_s = promised.freed_s + promised.default_s
    async with contextlib.AsyncExitStack() as stack:
        for service, how in itertools.product(SERVICES.values(), ({"status": 503}, {"cut": True})):
            (trip,) = trips(1)
            failing = f"/{service}/{trip}"
            upstream.on(failing, **how)
            failure = await stack.enter_async_context(upstream.hold(failing))
            await stack.enter_async_context(upstream.hold(f"/*/{trip}"))
            visitor = server.start("GET", f"/trips/{trip}")
            await upstream.arrivals(searches(trip), within_s=within_s)
            failure.release()
            expect(await visitor).status(502)
        await crowd_is_served(server, upstream, within_s)
