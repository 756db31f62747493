"""Checks of orphaned-siblings. Searches are held at the gateway, so it is seen which of them the app gives up."""

import secrets

from grader.checks.api import Answer, Server, Upstream, expect

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}

CROWD = 4
"""Three searches each: as many as the app may have connections."""

FAILURES = 6
"""Two searches left over from each are as many as the app may have connections."""

PATIENCE_S = 1.5
"""When visitors give up. The task grants 1 s where services are silent, which right apps need not wait for at all."""


def trips(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def services_know_all(upstream: Upstream) -> None:
    upstream.on("*", json=lambda call: {"cents": call.value})


def each_fails_for_one(upstream: Upstream) -> dict[int, str]:
    """Three trips, and the service that fails for each."""
    failing = dict(zip(trips(3), SERVICES.values(), strict=True))
    for trip, service in failing.items():
        upstream.on(f"/{service}/{trip}", status=503)
    return failing


def is_priced(answer: Answer, trip: int, upstream: Upstream) -> None:
    """The visitor has got what the services said last."""
    prices = {part: upstream.value(f"/{service}/{trip}") for part, service in SERVICES.items()}
    expect(answer).status(200).json({"trip": trip, **prices})


async def test_a_trip_costs_what_the_services_say(server: Server, upstream: Upstream) -> None:
    """A trip costs what the services say; if one fails, it is a 502."""
    services_know_all(upstream)
    trip, broken = trips(2)
    for asked in (1, 2):
        is_priced(await server.get(f"/trips/{trip}"), trip, upstream)
        for service in SERVICES.values():
            expect(len(upstream.calls(f"/{service}/{trip}")), f"searches for this trip among the {service}").equals(asked)
    for failing in each_fails_for_one(upstream):
        expect(await server.get(f"/trips/{failing}")).status(502)
    upstream.on(f"/cars/{broken}", cut=True)
    expect(await server.get(f"/trips/{broken}")).status(502)


async def test_searches_are_under_way_together(server: Server, upstream: Upstream) -> None:
    """4 visitors at once have all their 12 searches under way together."""
    services_know_all(upstream)
    async with upstream.hold("*") as held:
        visitors = {trip: server.start("GET", f"/trips/{trip}") for trip in trips(CROWD)}
        await held.arrivals(CROWD * len(SERVICES))
        held.release()
        for trip, visitor in visitors.items():
            is_priced(await visitor, trip, upstream)


async def test_a_failure_ends_the_other_searches(server: Server, upstream: Upstream) -> None:
    """When one search fails, the other two of this trip are ended."""
    services_know_all(upstream)
    failing = each_fails_for_one(upstream)
    async with upstream.hold(*(f"/{service}/{trip}" for trip, service in failing.items())) as failures, upstream.hold("*") as others:
        for trip in failing:
            server.start("GET", f"/trips/{trip}")
        await others.arrivals(6)
        await failures.arrivals(3)
        failures.release()
        await upstream.departures("*", 6)


async def test_a_failure_is_told_at_once(server: Server, upstream: Upstream) -> None:
    """Whichever search fails, the visitor is told within 1 s."""
    services_know_all(upstream)
    failing = each_fails_for_one(upstream)
    silent = [f"/{service}/{trip}" for trip in failing for service in SERVICES.values() if service != failing[trip]]
    async with upstream.hold(*silent):
        visitors = [server.start("GET", f"/trips/{trip}", give_up_s=PATIENCE_S) for trip in failing]
        for visitor in visitors:
            expect(await visitor).status(502)


async def test_failures_leave_room_for_others(server: Server, upstream: Upstream) -> None:
    """After 6 failures in a row other visitors are served as ever."""
    services_know_all(upstream)
    *failing, fine = trips(FAILURES + 1)
    for trip in failing:
        upstream.on(f"/flights/{trip}", status=503)
    async with upstream.hold(*(f"/{service}/{trip}" for trip in failing for service in ("hotels", "cars"))):
        for trip in failing:
            expect(await server.get(f"/trips/{trip}", give_up_s=PATIENCE_S)).status(502)
        is_priced(await server.get(f"/trips/{fine}", give_up_s=PATIENCE_S), fine, upstream)
