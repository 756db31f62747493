"""Checks of sync-dep-tax. Posters are held at the printing house, so whoever needs a thread does not get one meanwhile."""

import secrets

from grader.checks.api import Answer, Call, Pending, Server, Upstream, expect

HOUSES = ("north", "south", "harbour", "station")
POSTERS = 130
THREADS = 120

TOGETHER = 20

PATIENCE_S = 1.5
"""When visitors give up. The task grants 1 s where right apps need some milliseconds."""

CROWDED_S = 10.0
"""The same for posters: 20 take 0.05 s on a quiet machine, and some seconds on a very busy one."""


def numbers(count: int) -> range:
    """Unpredictable numbers of shows, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def shows_of(call: Call) -> list[int]:
    """What is on, according to this call."""
    return [call.value + i for i in range(7)]


def services_know_all(upstream: Upstream) -> None:
    upstream.on("/seats/*", json=lambda call: {"free": call.value})
    upstream.on("/shows", json=lambda call: {"shows": shows_of(call)})
    upstream.on("/posters/*", json=lambda call: {"sheet": call.value})


def order(server: Server, count: int) -> dict[int, Pending]:
    """So many posters are ordered at once, each for a show of its own."""
    return {show: server.start("GET", f"/posters/{show}", give_up_s=CROWDED_S) for show in numbers(count)}


async def all_have_been_ordered(server: Server, upstream: Upstream) -> None:
    """The server has begun whatever it can begin for the posters."""
    await upstream.arrivals("/posters/*", 1)
    expect(await server.settle("/health", give_up_s=PATIENCE_S)).status(200).json({"status": "ok"})


async def the_till_is_told(server: Server, upstream: Upstream, show: int) -> None:
    house = secrets.choice(HOUSES)
    answer = await server.get(f"/seats/{show}", headers={"x-house": house}, give_up_s=PATIENCE_S)
    expect(answer).status(200).json({"house": house, "show": show, "free": upstream.value(f"/seats/{show}")})


async def the_screen_is_told(server: Server, upstream: Upstream) -> None:
    answer = await server.get("/shows?first=2&count=3", give_up_s=PATIENCE_S)
    expect(answer).status(200).json({"shows": [upstream.value("/shows") + i for i in (1, 2, 3)]})


def is_printed(answer: Answer, show: int, upstream: Upstream) -> None:
    expect(answer).status(200).json({"show": show, "sheet": upstream.value(f"/posters/{show}")})


async def test_answers_are_what_the_services_say(server: Server, upstream: Upstream) -> None:
    """Seats, shows and posters are what the services say at that moment."""
    services_know_all(upstream)
    show = numbers(1)[0]
    for asked in (1, 2):
        await the_till_is_told(server, upstream, show)
        await the_screen_is_told(server, upstream)
        is_printed(await server.get(f"/posters/{show}"), show, upstream)
        expect(len(upstream.calls()), "questions that reached the services").equals(3 * asked)
    expect(await server.get(f"/seats/{show}", headers={"x-house": f"house-{show}"})).status(403)
    for page in ("first=0", "count=0", "count=51"):
        expect(await server.get(f"/shows?{page}")).status(422)


async def test_seats_are_told_while_posters_are_printed(server: Server, upstream: Upstream) -> None:
    """The till is told its seats within 1 s while posters are printed."""
    services_know_all(upstream)
    async with upstream.hold("/posters/*"):
        order(server, POSTERS)
        await all_have_been_ordered(server, upstream)
        await the_till_is_told(server, upstream, numbers(1)[0])


async def test_shows_are_told_while_posters_are_printed(server: Server, upstream: Upstream) -> None:
    """The screen is told its shows within 1 s while posters are printed."""
    services_know_all(upstream)
    async with upstream.hold("/posters/*"):
        order(server, POSTERS)
        await all_have_been_ordered(server, upstream)
        await the_screen_is_told(server, upstream)


async def test_posters_are_printed_together(server: Server, upstream: Upstream) -> None:
    """20 posters that are ordered at once are printed at the same time."""
    services_know_all(upstream)
    async with upstream.hold("/posters/*") as held:
        posters = order(server, TOGETHER)
        await held.arrivals(TOGETHER)
        held.release()
        for show, poster in posters.items():
            is_printed(await poster, show, upstream)


async def test_threads_stay_few(server: Server, upstream: Upstream) -> None:
    """There are at most 120 threads, also when 130 posters are ordered."""
    services_know_all(upstream)
    async with upstream.hold("/posters/*"):
        order(server, POSTERS)
        await all_have_been_ordered(server, upstream)
        expect(server.sample().threads, "threads of the app").at_most(THREADS)
