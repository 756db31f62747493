"""Checks of orphaned-siblings. Searches are held at the gateway, which sees those that the app gives up."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from grader.checks.api import Answer, Call, Moment, Pending, Promises, Server, Upstream, expect

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}

CONNECTIONS = 12
CROWD = CONNECTIONS // len(SERVICES)
"""Visitors whose searches need all connections."""

BROKEN: dict[str, Any] = {"status": 503}
CUT: dict[str, Any] = {"cut": True}


def trips(count: int = len(SERVICES)) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def searches(trip: int, count: int = 1) -> dict[str, int]:
    """The calls for this many visitors of one trip."""
    return {f"GET /{service}/{trip}": count for service in SERVICES.values()}


def all_is_well(upstream: Upstream) -> None:
    upstream.on("*", json=lambda call: {"cents": call.value})


def is_priced(answer: Answer, trip: int, calls: Sequence[Call]) -> None:
    """The trip costs what its own three searches said."""
    prices = {part: call.said["cents"] for part, call in zip(SERVICES, calls, strict=True)}
    expect(answer).status(200).json({"trip": trip, **prices})


async def are_served(server: Server, upstream: Upstream, numbers: Iterable[int], within_s: float | None = None) -> None:
    """Visitors who come one after another each get their trip, asked for anew."""
    for trip in numbers:
        asked = upstream.since()
        answer = await server.get(f"/trips/{trip}", within_s=within_s)
        is_priced(answer, trip, asked.exactly(searches(trip)))


async def crowd_is_served(server: Server, upstream: Upstream) -> None:
    """As many visitors as there is room for have all their searches under way together."""
    async with upstream.hold("*") as held:
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in trips(CROWD)}
        calls = {trip: await held.arrivals(searches(trip)) for trip in visitors}
        held.release()
        for trip, visitor in visitors.items():
            is_priced(await visitor, trip, calls[trip])


@contextlib.asynccontextmanager
async def failing(
    server: Server,
    upstream: Upstream,
    how: dict[str, Any],
    numbers: Sequence[int],
    left: int,
    within_s: float | None = None,
) -> AsyncIterator[tuple[list[Pending], list[Call], Moment]]:
    """Of each trip another search fails, while `left` of the others are held; the rest has been answered before.

    Yields the visitors, the calls that are held, and the moment of the failures.
    """
    services = list(SERVICES.values()) * 2
    fails, stays, rest = dict[str, int](), dict[str, int](), dict[str, int]()
    for trip in numbers:
        place = trip % len(SERVICES)
        paths = [f"/{service}/{trip}" for service in services[place : place + len(SERVICES)]]
        upstream.on(paths[0], **how)
        for wanted, some in ((fails, paths[:1]), (stays, paths[1 : left + 1]), (rest, paths[left + 1 :])):
            wanted.update(dict.fromkeys(some, 1))
    async with upstream.hold(*fails) as failures, upstream.hold(*stays) as others:
        visitors = [server.start("GET", f"/trips/{trip}") for trip in numbers]
        await failures.arrivals(fails, within_s)
        calls = await others.arrivals(stays, within_s)
        await upstream.arrivals(rest, within_s)
        if rest:
            await server.settle("/health")
        yield visitors, calls, failures.release()


async def are_told(visitors: Iterable[Pending]) -> None:
    for visitor in visitors:
        expect(await visitor).status(502)


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
    for number in ("0", "-17", "1.5", "seventeen"):
        expect(await server.get(f"/trips/{number}")).status(422)
    all_is_well(upstream)
    async with upstream.hold("*") as held:
        (trip,) = trips(1)
        visitor = server.start("GET", f"/trips/{trip}")
        calls = await held.arrivals(searches(trip))
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        held.release()
        is_priced(await visitor, trip, calls)
    await server.quiet()
    expect(len(upstream.calls()), "searches for one trip").equals(len(SERVICES))


async def test_searches_are_under_way_together(server: Server, upstream: Upstream) -> None:
    """4 visitors at once have all their 12 searches under way together."""
    all_is_well(upstream)
    await crowd_is_served(server, upstream)
    await are_served(server, upstream, trips())
    await crowd_is_served(server, upstream)


async def test_visitors_of_one_trip_are_asked_for_each(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Visitors of the same trip share nothing: if one fails or leaves, the others get theirs."""
    all_is_well(upstream)
    (trip,) = trips(1)
    upstream.on(f"/cars/{trip}", times=1, **BROKEN)
    async with upstream.hold("/cars/*") as cars, upstream.hold("*") as others:
        visits = []
        for _ in range(CROWD):
            visitor = server.start("GET", f"/trips/{trip}")
            visits.append((visitor, await upstream.arrivals(searches(trip))))
        (failed, _), (leaver, _), *staying = visits
        leaver.leave()
        await server.settle("/health")
        cars.release()
        await are_told([failed])
        others.release()
        for visitor, calls in staying:
            is_priced(await visitor, trip, calls)
    upstream.on("*", json={"cents": secrets.randbelow(10**6)})
    async with upstream.hold("*") as held:
        visitors = [server.start("GET", f"/trips/{trip}") for _ in range(CROWD)]
        calls = await held.arrivals(searches(trip, CROWD))
        held.release()
        for visitor in visitors:
            is_priced(await visitor, trip, calls[::CROWD])


async def test_a_slow_search_has_not_failed(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A search that takes 1.1 s is waited for, and not repeated."""
    all_is_well(upstream)
    asked, numbers = upstream.since(), trips(CROWD)
    for trip, service in zip(numbers, (*SERVICES.values(), "*"), strict=True):
        slow = f"/{service}/{trip}"
        upstream.on(slow, delay_s=promised.search_s, json=lambda call: {"cents": call.value})
    within_s = promised.search_s + promised.default_s
    visitors = {trip: server.start("GET", f"/trips/{trip}", within_s=within_s) for trip in numbers}
    for trip, visitor in visitors.items():
        answer = await visitor
        is_priced(answer, trip, await asked.arrivals(searches(trip)))
    expect(len(asked.calls), "searches for 4 visitors").equals(CROWD * len(SERVICES))


async def test_a_failed_trip_may_be_fine_next_time(server: Server, upstream: Upstream) -> None:
    """A failed search is a 502 for its visitor; the next one gets what the services say then."""
    for how in (BROKEN, CUT, {"status": 404}, {"status": 429}, {"status": 500}):
        numbers, asked = trips(), upstream.since()
        all_is_well(upstream)
        await are_served(server, upstream, numbers)
        async with failing(server, upstream, how, numbers, left=0) as (visitors, _, _):
            await are_told(visitors)
        all_is_well(upstream)
        await are_served(server, upstream, numbers)
        expect(len(asked.calls), "searches for 9 visitors").equals(9 * len(SERVICES))


async def test_a_failure_is_told_at_once(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Whichever search fails, and however, the visitor gets a 502 without waiting for the others."""
    all_is_well(upstream)
    within_s = promised.freed_s + promised.default_s
    for how in (BROKEN, CUT):
        for left in (1, 2):
            async with failing(server, upstream, how, trips(), left, within_s) as (visitors, _, _):
                await are_told(visitors)
    upstream.on("*", status=503)
    upstream.on("/cars/*", cut=True)
    async with upstream.hold("*") as held:
        visitors = [server.start("GET", f"/trips/{trip}") for trip in trips(2)]
        await held.arrivals(2 * len(SERVICES))
        held.release()
        await are_told(visitors)


async def test_a_failure_ends_the_other_searches(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When one search fails, the other two of this trip are ended."""
    all_is_well(upstream)
    within_s = promised.freed_s + promised.default_s
    for how in (BROKEN, CUT):
        for left in (1, 2):
            struck = failing(server, upstream, how, trips(), left, within_s)
            async with struck as (visitors, calls, failed):
                await upstream.given_up(calls, failed, promised.freed_s)
                await are_told(visitors)


async def test_failures_leave_room_for_others(server: Server, upstream: Upstream, promised: Promises) -> None:
    """However many trips have failed, their connections are there for others again."""
    all_is_well(upstream)
    within_s = promised.freed_s + promised.default_s
    async with contextlib.AsyncExitStack() as stack:
        staying = trips(CROWD - 1)
        held = await stack.enter_async_context(upstream.hold(*(f"/*/{trip}" for trip in staying)))
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in staying}
        calls = {trip: await held.arrivals(searches(trip)) for trip in visitors}
        for how in (BROKEN, CUT):
            for trip in trips():
                struck = failing(server, upstream, how, [trip], 2, within_s)
                failed, _, _ = await stack.enter_async_context(struck)
                await are_told(failed)
        await are_served(server, upstream, trips(1), within_s)
        held.release()
        for trip, visitor in visitors.items():
            is_priced(await visitor, trip, calls[trip])


async def test_the_contract_is_kept(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Of 12 visitors at once all are served, over at most 12 connections."""
    all_is_well(upstream)
    async with upstream.hold("*") as held:
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in trips(3 * CROWD)}
        await held.saturated(promised.search_s)
        held.release()
        for trip, visitor in visitors.items():
            answer = await visitor
            is_priced(answer, trip, await upstream.arrivals(searches(trip)))
    expect(upstream.connections.peak, "connections open at once").at_most(CONNECTIONS)
