"""Checks of orphaned-siblings. Searches are held at the gateway, which sees those that the app gives up."""

import contextlib
import itertools
import secrets
from collections.abc import AsyncIterator, Sequence
from typing import Any

from grader.checks.api import Answer, Call, Moment, Pending, Promises, Server, Upstream, expect

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}

CONNECTIONS = 12
"""As many as the contract allows."""

CROWD = 4
"""Visitors whose searches need all connections."""

Failure = tuple[str, dict[str, Any]]
"""A service, and how it fails."""

FAILURES: tuple[dict[str, Any], ...] = ({"status": 503}, {"cut": True}, {"status": 404}, {"status": 500}, {"status": 429})


def trips(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def searches(trip: int, count: int = 1) -> dict[str, int]:
    """The searches for visitors of one trip."""
    return {f"GET /{service}/{trip}": count for service in SERVICES.values()}


def all_is_well(upstream: Upstream) -> None:
    upstream.on("*", json=lambda call: {"cents": call.value})


def is_priced(answer: Answer, trip: int, calls: Sequence[Call]) -> None:
    """The trip costs what its own three searches said."""
    prices = {part: call.said["cents"] for part, call in zip(SERVICES, calls, strict=True)}
    expect(answer).status(200).json({"trip": trip, **prices})


async def is_served(server: Server, upstream: Upstream, trip: int, within_s: float | None = None) -> None:
    """A visitor alone gets the trip, asked for anew."""
    asked = upstream.since()
    answer = await server.get(f"/trips/{trip}", within_s=within_s)
    is_priced(answer, trip, asked.exactly(searches(trip)))


async def crowd_is_served(server: Server, upstream: Upstream, within_s: float | None = None) -> None:
    """As many visitors as there is room for have all their searches under way together."""
    async with upstream.hold("*") as held:
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in trips(CROWD)}
        calls = {trip: await held.arrivals(searches(trip), within_s) for trip in visitors}
        held.release()
        for trip, visitor in visitors.items():
            is_priced(await visitor, trip, calls[trip])


async def test_a_trip_is_asked_for_each_time(server: Server, upstream: Upstream) -> None:
    """A trip costs what the services say to this visitor, and each of them is asked once."""
    all_is_well(upstream)
    first, second = trips(2)
    for trip in (first, first, second, first):
        await is_served(server, upstream, trip)
    upstream.on("*", json={"cents": secrets.randbelow(10**6)})
    for trip in (second, second, first):
        await is_served(server, upstream, trip)
    await server.quiet()
    expect(len(upstream.calls()), "searches for 7 visitors").equals(7 * len(SERVICES))


async def test_the_routes_stay(server: Server, upstream: Upstream) -> None:
    """A number that is no trip is refused with 422, and /health answers during searches."""
    for number in ("0", "-17", "1.5", "seventeen"):
        expect(await server.get(f"/trips/{number}")).status(422)
    all_is_well(upstream)
    (trip,) = trips(1)
    async with upstream.hold("*") as held:
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
    for trip in trips(CROWD):
        await is_served(server, upstream, trip)
    await crowd_is_served(server, upstream)


async def test_visitors_of_one_trip_are_asked_for_each(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Visitors of the same trip share nothing: if one fails or leaves, the others get theirs."""
    all_is_well(upstream)
    (trip,) = trips(1)
    upstream.on(f"/cars/{trip}", status=503, times=1)
    async with upstream.hold("/cars/*") as cars, upstream.hold("*") as others:
        visits = []
        for _ in range(CROWD):
            visitor = server.start("GET", f"/trips/{trip}")
            visits.append((visitor, await upstream.arrivals(searches(trip))))
        (failing, lost), (leaver, _), *staying = visits
        leaver.leave()
        await server.settle("/health")
        struck = cars.release()
        expect(await failing).status(502)
        await upstream.given_up(lost[:2], struck, promised.freed_s)
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
    """A search that takes 1.2 s is waited for, and not repeated."""
    all_is_well(upstream)
    asked, numbers = upstream.since(), trips(CROWD)
    for trip, service in zip(numbers, (*SERVICES.values(), "*"), strict=True):
        upstream.on(f"/{service}/{trip}", delay_s=promised.search_s, json=lambda call: {"cents": call.value})
    within_s = promised.search_s + promised.default_s
    visitors = {trip: server.start("GET", f"/trips/{trip}", within_s=within_s) for trip in numbers}
    for trip, visitor in visitors.items():
        answer = await visitor
        is_priced(answer, trip, await asked.arrivals(searches(trip)))
    expect(len(asked.calls), "searches for 4 visitors").equals(CROWD * len(SERVICES))


async def test_a_failed_trip_may_be_fine_next_time(server: Server, upstream: Upstream) -> None:
    """A failed search is a 502 for its visitor; the next one gets what the services say then."""
    all_is_well(upstream)
    failures = list(itertools.product(SERVICES.values(), FAILURES))
    for trip, (service, failure) in zip(trips(len(failures)), failures, strict=True):
        for _ in range(2):
            upstream.on(f"/{service}/{trip}", times=1, **failure)
            expect(await server.get(f"/trips/{trip}")).status(502)
            await is_served(server, upstream, trip)
        searched = len(upstream.calls(f"/{service}/{trip}"))
        expect(searched, "searches for 4 visitors with this service").equals(4)
    upstream.on("*", status=503)
    expect(await server.get(f"/trips/{trip}")).status(502)


@contextlib.asynccontextmanager
async def failing(
    server: Server, upstream: Upstream, failures: Sequence[Failure], left: int, within_s: float
) -> AsyncIterator[tuple[list[Pending], list[Call], Moment]]:
    """Of each trip one search fails, while `left` others are still held and the rest has been answered.

    Yields the visitors, the calls that are held, and when the searches failed.
    """
    services = list(SERVICES.values())
    fail, keep, rest = dict[str, int](), dict[str, int](), dict[str, int]()
    numbers = trips(len(failures))
    for trip, (service, how) in zip(numbers, failures, strict=True):
        place = services.index(service)
        first, *others = [f"/{name}/{trip}" for name in services[place:] + services[:place]]
        upstream.on(first, **how)
        fail[first] = 1
        keep |= dict.fromkeys(others[:left], 1)
        rest |= dict.fromkeys(others[left:], 1)
    async with upstream.hold(*fail) as failed, upstream.hold(*keep) as held:
        visitors = [server.start("GET", f"/trips/{trip}") for trip in numbers]
        await failed.arrivals(fail, within_s)
        calls = await held.arrivals(keep, within_s)
        await upstream.arrivals(rest, within_s)
        await server.settle("/health")
        yield visitors, calls, failed.release()


async def test_a_failure_is_told_at_once(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Whichever search fails, and however, the visitor gets a 502 without waiting for the others."""
    all_is_well(upstream)
    for how, left in itertools.product(FAILURES[:2], (0, 1, 2)):
        failures = [(service, how) for service in SERVICES.values()]
        async with failing(server, upstream, failures, left, promised.freed_s + promised.default_s) as (visitors, _, _):
            for visitor in visitors:
                expect(await visitor).status(502)
    upstream.on("*", status=503)
    upstream.on("/cars/*", cut=True)
    async with upstream.hold("*") as held:
        visitors = [server.start("GET", f"/trips/{trip}") for trip in trips(CROWD)]
        await held.arrivals(CROWD * len(SERVICES))
        held.release()
        for visitor in visitors:
            expect(await visitor).status(502)


async def test_a_failure_ends_the_other_searches(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When one search fails, the other two of this trip are ended."""
    all_is_well(upstream)
    for how, left in itertools.product(FAILURES[:2], (1, 2)):
        failures = [(service, how) for service in SERVICES.values()]
        async with failing(server, upstream, failures, left, promised.freed_s + promised.default_s) as (visitors, calls, failed):
            await upstream.given_up(calls, failed, promised.freed_s)
            for visitor in visitors:
                expect(await visitor).status(502)


async def test_failures_leave_room_for_others(server: Server, upstream: Upstream, promised: Promises) -> None:
    """However many trips have failed, their connections are there for others again."""
    all_is_well(upstream)
    within_s = promised.freed_s + promised.default_s
    *staying, fine = trips(CROWD)
    async with contextlib.AsyncExitStack() as stack:
        held = await stack.enter_async_context(upstream.hold(*(f"/*/{trip}" for trip in staying)))
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in staying}
        calls = {trip: await held.arrivals(searches(trip)) for trip in visitors}
        for failure in itertools.product(SERVICES.values(), FAILURES[:2]):
            struck = failing(server, upstream, [failure], 2, within_s)
            (visitor,), _, _ = await stack.enter_async_context(struck)
            expect(await visitor).status(502)
        await is_served(server, upstream, fine, within_s)
        held.release()
        for trip, visitor in visitors.items():
            is_priced(await visitor, trip, calls[trip])
    upstream.on("*", status=503)
    for trip in trips(20):
        expect(await server.get(f"/trips/{trip}")).status(502)
    all_is_well(upstream)
    await crowd_is_served(server, upstream, within_s)


async def test_the_contract_is_kept(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Of 12 visitors at once all are served, over at most 12 connections."""
    all_is_well(upstream)
    async with upstream.hold("*") as held:
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in trips(3 * CROWD)}
        await held.saturated(promised.search_s)
        expect(upstream.connections.open, "connections at once").at_most(CONNECTIONS)
        held.release()
        for trip, visitor in visitors.items():
            is_priced(await visitor, trip, await upstream.arrivals(searches(trip)))
    expect(upstream.connections.peak, "connections at once").at_most(CONNECTIONS)
