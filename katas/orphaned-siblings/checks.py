"""Checks of orphaned-siblings. Searches are held at the gateway, which sees those that the app gives up."""

import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from grader.checks.api import Answer, Call, Case, Pending, Promises, Server, Upstream, expect

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}
CONNECTIONS = 12
CROWD = CONNECTIONS // len(SERVICES)
"""Visitors whose searches need all connections."""
FAILURES: tuple[dict[str, Any], ...] = ({"status": 404}, {"status": 503}, {"cut": True}, {"close": True})


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
    """A number that is no trip is refused with 422, and /health answers, while 8 visitors wait."""
    all_is_well(upstream)
    numbers = [1, *trips(2 * CROWD - 1)]
    async with upstream.hold("*") as held:
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in numbers[:CROWD]}
        await held.arrivals(CONNECTIONS)
        visitors |= {trip: server.start("GET", f"/trips/{trip}") for trip in numbers[CROWD:]}
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        for number in ("0", "-17", "1.5", "seventeen"):
            expect(await server.get(f"/trips/{number}")).status(422)
        held.release()
        for trip, visitor in visitors.items():
            answer = await visitor
            is_priced(trip, await upstream.arrivals(searches(trip)), answer)
    await server.quiet()
    expect(len(upstream.calls()), "searches for 8 trips").equals(len(numbers) * len(SERVICES))


async def slow_service_leaves_room(server: Server, upstream: Upstream, service: str) -> None:
    """While 8 visitors wait only for this service, all three searches of a ninth are made."""
    async with upstream.hold(f"/{service}/*") as slow:
        visitors: dict[int, Pending] = {}
        calls: dict[int, list[Call]] = {}
        for arriving in (CROWD, CROWD, 1):
            group = {trip: server.start("GET", f"/trips/{trip}") for trip in trips(arriving)}
            calls |= {trip: await upstream.arrivals(searches(trip)) for trip in group}
            visitors |= group
        slow.release()
        for trip, visitor in visitors.items():
            is_priced(trip, calls[trip], await visitor)


async def test_searches_are_under_way_together(server: Server, upstream: Upstream) -> None:
    """A visitor's searches are under way together while 3 connections are free: those of 4 visitors, and of a ninth."""
    all_is_well(upstream)
    await crowd_is_served(server, upstream)
    await are_served(server, upstream, trips(CROWD))
    for service in SERVICES.values():
        await slow_service_leaves_room(server, upstream, service)
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


async def slow_are_served(server: Server, upstream: Upstream, promised: Promises, count: int) -> None:
    """Visitors of whom the first have searches that take as long as promised each get their trip."""
    all_is_well(upstream)
    within_s = len(SERVICES) * promised.search_s + promised.default_s
    upstream.on("*", delay_s=promised.search_s, json=lambda call: {"cents": call.value}, times=CONNECTIONS)
    visitors = {trip: server.start("GET", f"/trips/{trip}", within_s=within_s) for trip in trips(count)}
    for trip, visitor in visitors.items():
        answer = await visitor
        expect(answer).status(200)
        is_priced(trip, await upstream.arrivals(searches(trip)), answer)
    await server.settle("/health")
    expect(len(upstream.calls()), "searches").equals(count * len(SERVICES))


async def test_a_slow_search_has_not_failed(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Searches that take 1.1 s are waited for, and not repeated."""
    await slow_are_served(server, upstream, promised, CROWD - 1)


async def test_the_contract_is_kept(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Of 8 visitors at once all are served, over at most 12 connections."""
    await slow_are_served(server, upstream, promised, 2 * CROWD)
    expect(upstream.connections.peak, "connections open at once").at_most(CONNECTIONS)


async def test_failures_among_waiting_visitors(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When trips fail that still wait for connections, their other searches are not made, nor are there more than 12."""
    all_is_well(upstream)
    first, failing, late = trips(CROWD), trips(CROWD), trips(CROWD)
    for trip in failing:
        upstream.on(f"/flights/{trip}", status=503)
    holds = ("/hotels/*", "/cars/*", *(f"/flights/{trip}" for trip in (*first[1:], *late)))
    async with upstream.hold(f"/flights/{first[0]}") as flight, upstream.hold(*holds):
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in first}
        for trip in first:
            await upstream.arrivals(searches(trip))
        visitors |= {trip: server.start("GET", f"/trips/{trip}") for trip in failing}
        await server.settle("/health")
        flight.release()
        await server.settle("/health")
        failed = [trip for trip in failing if visitors[trip].answered]
        visitors |= {trip: server.start("GET", f"/trips/{trip}") for trip in late}
        await server.let_run(1.25 * promised.freed_s)
        left = [call for trip in failed for call in upstream.calls(f"/*/{trip}") if call.open]
        expect(len(left), "searches under way for trips that have failed").equals(0)
        expect(upstream.connections.open, "connections open at once").at_most(CONNECTIONS)
        later = upstream.since()
    await server.settle("/health")
    made = [call for trip in failed for call in later.matching(f"/*/{trip}")]
    expect(len(made), "searches made for trips that have failed").equals(0)
    for trip, visitor in visitors.items():
        if trip in failed:
            expect(await visitor).status(502)
        else:
            visitor.leave()


async def test_a_failed_trip_may_be_fine_next_time(server: Server, upstream: Upstream) -> None:
    """A failed search is a 502 for its visitor; the next one gets what the services say then."""
    for number, failure in enumerate((*FAILURES, {"status": 429}, {"status": 500})):
        (trip,) = trips(1)
        all_is_well(upstream)
        await are_served(server, upstream, [trip])
        path = f"/{tuple(SERVICES.values())[number % 3]}/{trip}"
        upstream.on(path, **failure)
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
    async for case in failures(server, upstream, promised, others=("silent",)):
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
    """After 20 failures, with searches that still take long, all 12 connections are available, and no more."""
    all_is_well(upstream)
    within_s, services = promised.freed_s + promised.default_s, tuple(SERVICES.values())
    for turn in range(5):
        numbers, failing = trips(CROWD), []
        for number, (trip, how) in enumerate(zip(numbers, FAILURES, strict=True)):
            failing.append(f"/{services[(turn + number) % 3]}/{trip}")
            upstream.on(f"/*/{trip}", never=True)
            upstream.on(failing[-1], **how)
        async with upstream.hold(*failing) as failures:
            visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in numbers}
            for trip in numbers:
                await upstream.arrivals(searches(trip), within_s=within_s)
            failures.release()
            for visitor in visitors.values():
                expect(await visitor).status(502)
    await crowd_is_served(server, upstream, within_s)
    await server.settle("/health")
    expect(upstream.connections.open, "connections open at once").at_most(CONNECTIONS)
