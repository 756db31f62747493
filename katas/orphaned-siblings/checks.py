"""Checks of orphaned-siblings. Searches are held at the gateway, which sees those that the app gives up."""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from grader.checks.api import Answer, Asked, Call, Hold, Pending, Promises, Server, Upstream, expect

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}
NAMES = tuple(SERVICES.values())
CONNECTIONS, CROWD = 12, 4
"""Of the contract, and visitors whose searches need them all."""
STATUSES = (404, 400, 429, 503, 500, 502, 408, 425, 504)
FAILURES: Sequence[dict[str, Any]] = [*({"status": status} for status in STATUSES), *[{"cut": True}] * 3, *[{"close": True}] * 3]


def trips(count: int) -> list[int]:
    """Unpredictable numbers."""
    return [1 + secrets.randbelow(10**9) for _ in range(count)]


def searches(trip: int) -> dict[str, int]:
    """The calls for a visitor of this trip."""
    return {f"GET /{service}/{trip}": 1 for service in NAMES}


def start(server: Server, numbers: Sequence[int], within_s: float | None = None) -> dict[int, Pending]:
    """A visitor for each of these trips."""
    return {trip: server.start("GET", f"/trips/{trip}", within_s=within_s) for trip in numbers}


def all_is_well(upstream: Upstream, delay_s: float = 0, times: int | None = None) -> None:
    upstream.on("*", delay_s=delay_s, json=lambda call: {"cents": call.value}, times=times)


def is_priced(trip: int, calls: Sequence[Call], answer: Answer) -> None:
    """The trip costs what its own three searches said."""
    prices = {part: call.said["cents"] for part, call in zip(SERVICES, calls, strict=True)}
    expect(answer).status(200).json({"trip": trip, **prices})


async def are_served(server: Server, upstream: Upstream, *numbers: int) -> None:
    """Visitors who come one after another each get their trip, asked for anew."""
    for trip in numbers:
        asked = upstream.since()
        await are_priced(asked, start(server, [trip]))


async def arrive(upstream: Upstream, visitors: Mapping[int, Pending]) -> None:
    """All searches of these visitors have arrived, or they have been answered without them."""
    for trip, visitor in visitors.items():
        await upstream.arrivals(searches(trip), unless=[visitor])


async def are_priced(asked: Asked, visitors: Mapping[int, Pending]) -> None:
    """These visitors get their trips, and no others have been asked for."""
    answers = {trip: await visitor for trip, visitor in visitors.items()}
    calls = iter(asked.exactly({path: 1 for trip in visitors for path in searches(trip)}))
    for trip, answer in answers.items():
        is_priced(trip, list(islice(calls, len(SERVICES))), answer)


async def are_served_together(server: Server, upstream: Upstream, numbers: Sequence[int], within_s: float | None = None) -> None:
    """Visitors have all their searches under way at the same time, and each gets their trip."""
    asked = upstream.since()
    async with upstream.hold("*") as held:
        visitors = start(server, numbers, within_s)
        await arrive(upstream, visitors)
        expect(len(held.calls), "searches under way at once").equals(len(numbers) * len(SERVICES))
        held.release()
        await are_priced(asked, visitors)


async def all_are_told(server: Server, upstream: Upstream, numbers: Sequence[int]) -> None:
    """Visitors at once, several of them of one trip, get what the services say now, each asked for them."""
    asked, cents = upstream.since(), secrets.randbelow(10**6)
    wanted = Counter(path for trip in numbers for path in searches(trip))
    upstream.on("*", json={"cents": cents})
    async with upstream.hold("*") as held:
        visitors = [server.start("GET", f"/trips/{trip}") for trip in numbers]
        await upstream.arrivals(wanted, unless=visitors)
        held.release()
        for trip, answer in zip(numbers, await server.answers(visitors), strict=True):
            expect(answer).status(200).json({"trip": trip, **dict.fromkeys(SERVICES, cents)})
    asked.exactly(wanted)


async def several_fail(server: Server, upstream: Upstream, numbers: Sequence[int], apart_s: float) -> None:
    """Of three trips all searches fail: those for cars first, the others so much later; or all at once."""
    upstream.on("*", status=503)
    upstream.on("/cars/*", cut=True)
    async with upstream.hold("/cars/*") as cars, upstream.hold("*") as others:
        visitors = start(server, numbers)
        await arrive(upstream, visitors)
        async with server.paused():  # The app reads together what is released together.
            for hold in [cars] if apart_s else [cars, others]:
                hold.release()
        await server.let_run(apart_s)
        others.release()
        for visitor in visitors.values():
            expect(await visitor).status(502)


async def fail_together(server: Server, upstream: Upstream, numbers: Sequence[int], turn: int, freed_s: float | None = None) -> None:
    """Three trips fail, each by another service; `freed_s` later their other searches have been ended."""
    asked, failing = upstream.since(), [f"/{name}/{trip}" for name, trip in zip(NAMES, numbers, strict=True)]
    for place, path in enumerate(failing):
        upstream.on(path, **FAILURES[(turn * len(SERVICES) + place) % len(FAILURES)])
    async with upstream.hold(*failing) as held:
        visitors = start(server, numbers)
        await arrive(upstream, visitors)
        expect(await server.get("/health")).status(200)  # By now the app has read what the other calls were answered.
        failed = held.release()
        for visitor in visitors.values():
            expect(await visitor).status(502)
    calls = asked.exactly({path: 1 for trip in numbers for path in searches(trip)})
    if freed_s is not None:
        await upstream.given_up([call for call in calls if call.path not in failing], failed, freed_s)


async def test_the_contract_is_kept(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Of 8 visitors at once, two of one trip, all are served over 12 connections; /health and refusals do not wait."""
    all_is_well(upstream, promised.search_s)
    within_s = len(SERVICES) * promised.search_s + promised.default_s
    async with upstream.hold("*"):
        visitors = start(server, trips(2 * CROWD - 1), within_s)
        twin = server.start("GET", f"/trips/{[*visitors][-1]}", within_s=within_s)
        expect(await server.settle("/health")).status(200).json({"status": "ok"})
        for number in ("0", "-17", "1.5", "seventeen"):
            expect(await server.get(f"/trips/{number}")).status(422)
        await server.let_run(promised.default_s / 2)  # Whoever opens more has done so.
        expect(upstream.connections.open, "connections open at once").at_most(CONNECTIONS)
    await upstream.arrivals("*", 2 * CONNECTIONS, promised.search_s + 2 * promised.default_s)
    await server.settle("/health")
    expect(upstream.connections.open, "connections open at once").at_most(CONNECTIONS)
    *answers, of_one, of_other = await server.answers([*visitors.values(), twin])
    for trip, answer in zip(visitors, answers, strict=False):
        is_priced(trip, await upstream.arrivals(searches(trip)), answer)
    for answer in of_one, of_other:
        expect(answer).status(200)
    expect(len(upstream.calls()), "searches for 8 visitors").equals(2 * CONNECTIONS)


async def late_are_served(server: Server, upstream: Upstream, promised: Promises, lasting: Hold, numbers: Sequence[int]) -> None:
    """While a visitor's searches still last, 3 slow trips have all theirs under way together, and 4 more wait."""
    asked, free, within_s = upstream.since(), CONNECTIONS - len(SERVICES), 2 * promised.search_s + promised.default_s
    all_is_well(upstream)
    all_is_well(upstream, promised.search_s, free)
    async with upstream.hold("*") as held:
        visitors = start(server, numbers, within_s)
        await arrive(upstream, visitors)
        expect(len(held.calls), "searches under way at once").equals(free)
        visitors |= start(server, trips(CROWD), within_s)
        await server.settle("/health")
        expect(upstream.connections.open, "connections open at once").at_most(CONNECTIONS)
        lasting.release()
        held.release()
        await are_priced(asked, visitors)


async def trips_end(server: Server, upstream: Upstream, promised: Promises, turn: int) -> list[int]:
    """Three trips fail while another search is silent, and the answer to the third one arrives: both are given up."""
    numbers = trips(len(SERVICES))
    for place, trip in enumerate(numbers, turn % 2 + 1):
        upstream.on(f"/*/{trip}", never=True)
        upstream.on(f"/{NAMES[place % 3]}/{trip}", drip_s=3 * promised.search_s, json={"cents": 10**18})
    await fail_together(server, upstream, numbers, turn, promised.freed_s)
    return numbers


async def test_failures_end_the_other_searches(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When a search fails, the others of its trip are ended; after 21 failures all 12 connections are available."""
    all_is_well(upstream)
    for turn in range(3):
        await trips_end(server, upstream, promised, turn)
    lasting = trips(1)
    async with upstream.hold(f"/*/{lasting[0]}") as held:
        waiting = start(server, lasting)
        lasting_calls = await held.arrivals(searches(*lasting))
        for turn in range(3, 7):
            numbers = await trips_end(server, upstream, promised, turn)
        await late_are_served(server, upstream, promised, held, numbers)
        is_priced(*lasting, lasting_calls, await waiting[lasting[0]])


async def slow_service_leaves_room(server: Server, upstream: Upstream, service: str) -> None:
    """While 9 visitors wait only for this service, all three searches of a tenth are made."""
    async with upstream.hold(f"/{service}/*") as slow:
        visitors = []
        for arriving in (CROWD, CROWD, 1, 1):
            group = start(server, trips(arriving))
            visitors += [(trip, one, await upstream.arrivals(searches(trip))) for trip, one in group.items()]
        slow.release()
        for trip, visitor, calls in visitors:
            is_priced(trip, calls, await visitor)


async def test_searches_are_under_way_together(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A visitor's searches are under way together while 3 connections are free, also if they take 1.1 s."""
    all_is_well(upstream)
    await are_served_together(server, upstream, trips(CROWD))
    for service in NAMES:
        await slow_service_leaves_room(server, upstream, service)
    await are_served_together(server, upstream, trips(CROWD))
    await are_served(server, upstream, *trips(CROWD))
    all_is_well(upstream, promised.search_s)
    upstream.on("/hotels/*", drip_s=promised.search_s, json=lambda call: {"cents": call.value})
    await are_served_together(server, upstream, trips(CROWD - 1), promised.search_s + promised.default_s)
    all_is_well(upstream)
    await are_served_together(server, upstream, trips(CROWD))


async def leavers_leave_room(server: Server, upstream: Upstream, promised: Promises) -> None:
    """After 4 visitors have left whose searches were held, and answers arriving, all connections are available."""
    upstream.on("/hotels/*", drip_s=promised.search_s, json=lambda call: {"cents": call.value})
    async with upstream.hold("/flights/*") as held:
        visitors = start(server, trips(CROWD))
        await arrive(upstream, visitors)
        for visitor in visitors.values():
            visitor.leave()
        await server.let_run(promised.default_s)
        held.release()
    await server.quiet(for_s=0, within_s=promised.search_s)
    all_is_well(upstream)
    await are_served_together(server, upstream, list(visitors))


async def visitors_differ(server: Server, upstream: Upstream, promised: Promises, trip: int) -> None:
    """Of visitors of the same trip, one fails and one leaves; the others, and a late one, get what they asked for."""
    upstream.on(f"/cars/{trip}", status=503, times=1)
    async with upstream.hold("/cars/*") as cars, upstream.hold("*") as others:
        path, wanted = f"/trips/{trip}", searches(trip)
        (fails, _), (leaves, _), *stay = [(server.start("GET", path), await upstream.arrivals(wanted)) for _ in range(CROWD)]
        leaves.leave()
        await server.let_run(promised.default_s / 2)  # until the app has seen it
        cars.release()
        expect(await fails).status(502)
        stay.append((server.start("GET", path), await upstream.arrivals(wanted)))
        others.release()
        for visitor, calls in stay:
            is_priced(trip, calls, await visitor)


async def test_visitors_of_one_trip_share_nothing(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Visitors of the same trip share nothing, at the same time or one after another, also if one fails or leaves."""
    all_is_well(upstream)
    first, second = 1, *trips(1)
    await are_served(server, upstream, first, first, second, first)
    await visitors_differ(server, upstream, promised, second)
    await leavers_leave_room(server, upstream, promised)
    await all_are_told(server, upstream, [first] * CROWD)


async def test_failures_among_waiting_visitors(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When trips fail that wait for connections, their other searches are not made; there are never more than 12."""
    all_is_well(upstream)
    first, failing, leaving, late = (trips(CROWD) for _ in range(4))
    for trip in failing:
        upstream.on(f"/flights/{trip}", status=503)
    holds = ("/hotels/*", "/cars/*", *(f"/flights/{trip}" for trip in (*first[1:], *leaving, *late)))
    async with upstream.hold(f"/flights/{first[0]}") as flight, upstream.hold(*holds):
        visitors = start(server, first)
        await arrive(upstream, visitors)
        for group in (failing, leaving):
            visitors |= start(server, group)
            await server.settle("/health")
        for trip in leaving:
            visitors[trip].leave()
        flight.release()
        await server.let_run(promised.default_s)
        failed = [trip for trip in failing if not all(call.open for call in upstream.calls(f"/flights/{trip}"))]
        visitors |= start(server, late)
        await server.let_run(1.25 * promised.freed_s)
        left = [call for trip in failed for call in upstream.calls(f"/*/{trip}") if call.open]
        expect(len(left), "searches under way for trips that have failed").equals(0)
        expect(upstream.connections.open, "connections open at once").at_most(CONNECTIONS)
        later = upstream.since()
    await server.settle("/health")
    made = [call for trip in failed for call in later.matching(f"/*/{trip}")]
    expect(len(made), "searches made for trips that have failed").equals(0)
    for trip in failed:
        expect(await visitors.pop(trip)).status(502)
    for visitor in visitors.values():
        visitor.leave()


async def test_a_failure_is_told_and_not_remembered(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Whichever search fails, and however, the visitor gets a 502; the next one gets what the services say then."""
    numbers = trips(len(SERVICES))
    for turn in range(len(FAILURES) // len(SERVICES)):
        await all_are_told(server, upstream, [*numbers, numbers[0]])
        await fail_together(server, upstream, numbers, turn)
    await several_fail(server, upstream, numbers, promised.default_s / 5)
    await all_are_told(server, upstream, [*numbers, numbers[0]])
    await several_fail(server, upstream, numbers, 0)
    await server.quiet(promised.search_s)
    expect(len(upstream.calls()), "searches for 45 visitors").equals(45 * len(SERVICES))
    await all_are_told(server, upstream, numbers)
