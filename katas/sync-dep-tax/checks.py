"""Checks of sync-dep-tax. Posters are held at the printing house, so whoever needs a thread does not get one meanwhile."""

import secrets

from grader.checks.api import Call, Hold, Pending, Server, Upstream, expect

HOUSES = ("north", "south", "harbour", "station")
POSTERS = 130
THREADS = 120

TOGETHER = 20


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
    return {show: server.start("GET", f"/posters/{show}") for show in numbers(count)}


async def all_have_been_ordered(server: Server, held: Hold) -> None:
    """The server has begun whatever it can begin for the posters."""
    await held.arrivals(1)
    expect(await server.settle("/health")).status(200).json({"status": "ok"})


async def the_till_is_told(server: Server, upstream: Upstream, show: int) -> None:
    house = secrets.choice(HOUSES)
    asked = upstream.since()
    answer = await server.get(f"/seats/{show}", headers={"x-house": house})
    expect(answer).status(200)
    (call,) = asked.exactly({f"/seats/{show}": 1})
    expect(answer).json({"house": house, "show": show, "free": call.value})


async def the_screen_is_told(server: Server, upstream: Upstream) -> None:
    asked = upstream.since()
    answer = await server.get("/shows?first=2&count=3")
    expect(answer).status(200)
    (call,) = asked.exactly({"/shows": 1})
    expect(answer).json({"shows": shows_of(call)[1:4]})


async def all_are_printed(posters: dict[int, Pending], upstream: Upstream) -> None:
    """Nobody is turned away, and everybody gets the sheet that was printed for them."""
    answers = [await poster for poster in posters.values()]
    for answer in answers:
        expect(answer).status(200)
    calls = await upstream.arrivals({f"/posters/{show}": 1 for show in posters})
    for show, answer, call in zip(posters, answers, calls, strict=True):
        expect(answer).json({"show": show, "sheet": call.value})


async def test_answers_are_what_the_services_say(server: Server, upstream: Upstream) -> None:
    """Seats, shows and posters are what the services say at that moment."""
    services_know_all(upstream)
    show = numbers(1)[0]
    for _ in range(2):
        await the_till_is_told(server, upstream, show)
        await the_screen_is_told(server, upstream)
        await all_are_printed({show: server.start("GET", f"/posters/{show}")}, upstream)
    expect(len(upstream.calls()), "questions that reached the services").equals(6)
    expect(await server.get(f"/seats/{show}", headers={"x-house": f"house-{show}"})).status(403)
    for page in ("first=0", "count=0", "count=51"):
        expect(await server.get(f"/shows?{page}")).status(422)


async def test_seats_are_told_while_posters_are_printed(server: Server, upstream: Upstream) -> None:
    """The till is told its seats within 1 s while posters are printed."""
    services_know_all(upstream)
    async with upstream.hold("/posters/*") as held:
        posters = order(server, POSTERS)
        await all_have_been_ordered(server, held)
        await the_till_is_told(server, upstream, numbers(1)[0])
    await all_are_printed(posters, upstream)


async def test_shows_are_told_while_posters_are_printed(server: Server, upstream: Upstream) -> None:
    """The screen is told its shows within 1 s while posters are printed."""
    services_know_all(upstream)
    async with upstream.hold("/posters/*") as held:
        posters = order(server, POSTERS)
        await all_have_been_ordered(server, held)
        await the_screen_is_told(server, upstream)
    await all_are_printed(posters, upstream)


async def test_posters_are_printed_together(server: Server, upstream: Upstream) -> None:
    """20 posters that are ordered at once are printed at the same time."""
    services_know_all(upstream)
    async with upstream.hold("/posters/*") as held:
        posters = order(server, TOGETHER)
        await held.arrivals(TOGETHER)
    await all_are_printed(posters, upstream)


async def test_threads_stay_few(server: Server, upstream: Upstream) -> None:
    """There are at most 120 threads, also when 130 posters are ordered."""
    services_know_all(upstream)
    async with upstream.hold("/posters/*") as held:
        posters = order(server, POSTERS)
        await all_have_been_ordered(server, held)
        expect(server.sample().threads, "threads of the app").at_most(THREADS)
    await all_are_printed(posters, upstream)
