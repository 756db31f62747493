"""Checks of serial-awaits. The services hold their answers, which shows which questions wait."""

import secrets
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from grader.checks.api import Answer, Call, Pending, Promises, Server, Upstream, alone, expect

OF_A_PERSON = ("weather", "trains", "roads", "meetings")
PERSONS = [f"/{service}/*" for service in OF_A_PERSON]
ERRORS = (500, 502, 503, 504)
BROKEN: list[dict[str, Any]] = [{"close": True}, {"cut": True}]
STATUSES = [(404, 503, 429, 500), (503, 404, 500, 429)]
"""How the services fail, in the order of `OF_A_PERSON`."""
ROOM_STATUSES = [(*STATUSES[0], 507), (*STATUSES[1], 400), (*STATUSES[0], 501), (408, 425, 502, 504, 403), (401, 409, 410, 422, 505)]
"""With those above, four statuses come five times each, because 24 places hide that four are lost; the others once."""
VISITORS, CONNECTIONS = 5, 24


def numbers(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def refusals(statuses: Iterable[int]) -> list[dict[str, Any]]:
    """Failures by status."""
    return [{"status": status} for status in statuses]


def four(person: int) -> dict[str, int]:
    """The questions for a page that need nobody else's answer."""
    return {f"GET /{service}/{person}": 1 for service in OF_A_PERSON}


def five(person: int, meeting: int) -> dict[str, int]:
    """All questions for a page."""
    return {**four(person), f"GET /rooms/{meeting}": 1}


def meet(upstream: Upstream, people: Sequence[int], delay_s: float = 0) -> int:
    """From now on these people have the same new meeting first; returns its number."""
    (meeting,) = numbers(1)
    for person in people:
        upstream.on(f"/meetings/{person}", json={"value": meeting}, delay_s=delay_s)
    return meeting


def is_shown(answer: Answer, person: int, calls: Sequence[Call]) -> None:
    """The page is what the services said to just these questions: the four, and then the room."""
    weather, trains, roads, meeting, room = (call.said["value"] for call in calls)
    page = {"person": person, "weather": weather, "trains": trains, "roads": roads}
    expect(answer).status(200).json({**page, "meeting": meeting, "room": room})


def start(server: Server, people: Sequence[int], within_s: float | None = None) -> list[Pending]:
    """Visitors of these people come at once."""
    return [server.start("GET", f"/mornings/{person}", within_s=within_s) for person in people]


def slow_down(upstream: Upstream, paths: Iterable[str], drip_s: float) -> None:
    """The next answer of each comes in pieces."""
    for path in paths:
        upstream.on(path, drip_s=drip_s, times=1)


async def fail(
    server: Server, upstream: Upstream, meetings: Mapping[int, int], failing: Collection[str], held: Collection[str], within_s: float
) -> int:
    """Pages with a failing question are errors, the others are right, and nothing else is asked; returns how much is."""
    asked, wanted = upstream.since(), dict[str, int]()
    async with upstream.hold(*failing) as struck, upstream.hold(*held) as rest:
        visitors, pages = start(server, list(meetings), within_s), list[list[Call]]()
        for person, meeting in meetings.items():
            page = four(person) if f"/meetings/{person}" in failing else five(person, meeting)
            pages.append(await asked.arrivals(page))
            wanted.update(page)
        expect(upstream.connections.open, "connections to the intranet").at_most(CONNECTIONS)
        struck.release()
        if held:
            await server.settle("/")  # Whoever cancels the other questions has done so.
            rest.release()
        for person, answer, calls in zip(meetings, await server.answers(visitors), pages, strict=True):
            if any(call.path in failing for call in calls):
                expect(answer).status(*ERRORS)
            else:
                is_shown(answer, person, calls)
    expect(await server.get("/health")).status(200).json({"status": "ok"})
    await server.quiet(0, within_s)
    return len(asked.exactly(wanted))


async def leave(server: Server, visitors: Sequence[Pending]) -> None:
    """The visitors leave; whoever cancels their questions has then done so."""
    for visitor in visitors:
        visitor.leave()
    await server.settle("/")


async def is_served(server: Server, upstream: Upstream, person: int, meeting: int, within_s: float) -> None:
    """A visitor gets in time what the services say to the five questions, and no others are asked."""
    asked = upstream.since()
    answer = await server.get(f"/mornings/{person}", within_s=within_s)
    expect(answer).status(200)
    is_shown(answer, person, asked.exactly(five(person, meeting)))


async def overlap(server: Server, upstream: Upstream, meetings: Sequence[tuple[int, int]], *held: str) -> None:
    """People with these meetings come one by one: each has all five asked while some are held."""
    async with upstream.hold(*held) as hold:
        visitors = []
        for person, meeting in meetings:
            visitor = server.start("GET", f"/mornings/{person}")
            calls = await upstream.arrivals(four(person))
            visitors.append((person, visitor, calls + await upstream.arrivals({f"GET /rooms/{meeting}": 1})))
        hold.release()
        for person, visitor, calls in visitors:
            is_shown(await visitor, person, calls)


async def come_at_once(server: Server, upstream: Upstream, people: Sequence[int], for_s: float = 0) -> None:
    """The visitors have all questions under way together: first four for each, held so long, then the rooms."""
    async with upstream.hold("/rooms/*") as rooms, upstream.hold(*PERSONS) as held:
        visitors = []
        for person in people:
            visitor = server.start("GET", f"/mornings/{person}")
            visitors.append((person, visitor, await held.arrivals(four(person))))
        expect(upstream.connections.open, "connections to the intranet").at_most(CONNECTIONS)
        await server.let_run(for_s)
        held.release()
        paths = [f"GET /rooms/{calls[-1].said['value']}" for _, _, calls in visitors]
        asked = await rooms.arrivals(dict.fromkeys(paths, 1))
        expect(upstream.connections.open, "connections to the intranet").at_most(CONNECTIONS)
        rooms.release()
        for (person, visitor, calls), room in zip(visitors, asked, strict=True):
            is_shown(await visitor, person, [*calls, room])


async def come_again(server: Server, upstream: Upstream, person: int) -> None:
    """Whoever leaves and comes again is told anew, although the questions from before are still under way."""
    async with upstream.hold("/rooms/*") as rooms, upstream.hold(*PERSONS) as held:
        visitor = server.start("GET", f"/mornings/{person}")
        await held.arrivals(four(person))
        await leave(server, [visitor])
        visitor = server.start("GET", f"/mornings/{person}")
        calls = await held.arrivals(four(person))
        held.release()
        await rooms.arrivals({f"GET /rooms/{calls[-1].said['value']}": 1})
        await leave(server, [visitor])
        visitor = server.start("GET", f"/mornings/{person}")
        calls = await upstream.arrivals(four(person))
        calls += await rooms.arrivals({f"GET /rooms/{calls[-1].said['value']}": 1})
        rooms.release()
        is_shown(await visitor, person, calls)


async def test_a_page_is_what_the_services_say(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A page is what the services say, each asked once, and anew for every visitor."""
    people, needed = numbers(2), Counter[str]()
    for _ in range(2):
        meeting = meet(upstream, people)
        for person in (people[0], people[0], people[1]):
            await is_served(server, upstream, person, meeting, promised.page_s)
            needed.update(five(person, meeting))
        for service in OF_A_PERSON[:3]:
            upstream.on(f"/{service}/{people[1]}", json={"value": 0})
    await server.quiet()
    expect(len(upstream.calls()), "questions").equals(needed.total())


async def test_four_questions_are_under_way_at_once(server: Server, upstream: Upstream) -> None:
    """Four questions need nobody else's answer and are asked together."""
    await come_at_once(server, upstream, numbers(1))


async def test_the_room_is_asked_for_at_once(server: Server, upstream: Upstream) -> None:
    """The room is asked for as soon as the meeting is known."""
    meetings = [(person, meet(upstream, [person])) for person in numbers(VISITORS)]
    await overlap(server, upstream, meetings, "/weather/*", "/trains/*", "/roads/*", "/rooms/*")


async def test_visitors_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 visitors at once have all their 20 questions under way together."""
    await come_at_once(server, upstream, numbers(VISITORS))


async def test_failures_after_a_quiet_time_are_told(server: Server, upstream: Upstream, promised: Promises) -> None:
    """What fails on a connection that was kept through a quiet time is not asked again."""
    await come_at_once(server, upstream, numbers(VISITORS))
    await server.quiet(2.5 * promised.default_s)
    meetings = {person: meet(upstream, [person]) for person in numbers(VISITORS)}
    failing = [f"/{service}/{person}" for service, person in zip(OF_A_PERSON, meetings, strict=False)]
    failing.append(f"/rooms/{[*meetings.values()][-1]}")
    for path in failing:
        upstream.on(path, close=True, times=1)
    await fail(server, upstream, meetings, failing, (), promised.default_s)


async def test_visitors_of_one_person_are_told_each(server: Server, upstream: Upstream) -> None:
    """Visitors are each told anew, even of the same person, and even if one has just left."""
    await come_at_once(server, upstream, [*numbers(1)] * VISITORS)
    await come_again(server, upstream, *numbers(1))


async def test_people_of_one_meeting_are_told_each(server: Server, upstream: Upstream) -> None:
    """People at once are each told anew, even of the same meeting."""
    one, two, three = people = numbers(3)
    meeting = meet(upstream, people)
    await overlap(server, upstream, [(person, meeting) for person in (one, two, one, three, three)], "/rooms/*")


@alone
async def test_a_page_takes_little_more(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A page comes soon after the answers: the app's own waits do not add up."""
    for person in numbers(2):
        await is_served(server, upstream, person, meet(upstream, [person]), promised.page_s)


async def test_slow_answers_are_shown(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Slow answers are waited for, also after many quick ones; the page then comes at once, and harms no later one."""
    people, slow_s = numbers(VISITORS), promised.answer_s
    for answer in await server.answers(start(server, people)):
        expect(answer).status(200)
    asked = upstream.since()
    both, roads, none, late_room, quicker = people
    meeting_s = {both: slow_s, late_room: 0.3 * slow_s, quicker: 0.7 * slow_s}
    room_s = {both: slow_s, late_room: slow_s, quicker: 0.7 * slow_s}
    meetings = {person: meet(upstream, [person], meeting_s.get(person, 0)) for person in people}
    for person, delay_s in room_s.items():
        upstream.on(f"/rooms/{meetings[person]}", delay_s=delay_s)
    for call in f"weather/{both}", f"trains/{roads}", f"roads/{roads}":
        upstream.on(f"/{call}", delay_s=slow_s)
    slowest_s = {both: 2 * slow_s, roads: slow_s, none: 0.0, late_room: 1.3 * slow_s, quicker: 1.4 * slow_s}
    visitors = [server.start("GET", f"/mornings/{person}", within_s=wait_s + promised.page_s) for person, wait_s in slowest_s.items()]
    answers, wanted = await server.answers(visitors), dict[str, int]()
    for (person, meeting), answer in zip(meetings.items(), answers, strict=True):
        expect(answer).status(200)
        wanted.update(five(person, meeting))
    calls = iter(asked.exactly(wanted))
    for person, answer in zip(people, answers, strict=True):
        is_shown(answer, person, list(islice(calls, 5)))
    for wait_s in (slow_s, 0):
        await come_at_once(server, upstream, numbers(VISITORS), wait_s)


async def test_pages_are_right_after_failures(server: Server, upstream: Upstream, promised: Promises) -> None:
    """What fails is not asked again, and all other pages are as ever."""
    victims, drip_s = {person: meet(upstream, [person]) for person in numbers(VISITORS)}, promised.answer_s
    first = [f"/{service}/{person}" for service, person in zip(OF_A_PERSON, victims, strict=False)]
    rooms = [f"/rooms/{meeting}" for meeting in victims.values()]
    three = {f"/{service}/{person}" for service in OF_A_PERSON[:3] for person in victims}
    spared = [str(number) for number in [*victims.items()][-1]]
    nobodys = rooms[OF_A_PERSON.index("meetings")]
    others = {*three, *rooms} - {*first, nobodys}
    asked = 0
    for number, failures in enumerate([*map(refusals, STATUSES), *([failure] * len(first) for failure in BROKEN)]):
        for path, failure in zip(first, failures, strict=True):
            upstream.on(path, **failure, times=1)
        if number % 2:
            slow_down(upstream, [path for path in others if path.rpartition("/")[2] not in spared], drip_s)
        held = () if number % 2 else others
        asked += await fail(server, upstream, victims, first, held, drip_s + promised.default_s)
    for failures in [*map(refusals, ROOM_STATUSES), *([failure] * VISITORS for failure in BROKEN)]:
        for path, failure in zip(rooms, failures, strict=True):
            upstream.on(path, **failure, times=1)
        asked += await fail(server, upstream, victims, rooms, three, promised.default_s)
    await come_at_once(server, upstream, list(victims), promised.answer_s)
    await is_served(server, upstream, *victims.popitem(), promised.page_s)
    expect(len(upstream.calls()), "questions").equals(asked + (VISITORS + 1) * len(five(0, 0)))


async def test_visitors_who_wait_disturb_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """While 5 visitors wait, `/health` and refusals do not; when some have left, others are served as ever."""
    people = numbers(VISITORS)
    async with upstream.hold(*PERSONS) as held:
        visitors = start(server, people)
        for person in people:
            await held.arrivals(four(person))
        health = server.start("GET", "/health")
        refused = [server.start("GET", f"/mornings/{person}") for person in ("0", "-3", "bob", "1.5", "17bob")]
        expect(await health).status(200).json({"status": "ok"})
        for visitor in refused:
            expect(await visitor).status(422)
        await server.settle("/")  # Whoever asks without need has done so.
        about = {call.path.rpartition("/")[2] for call in upstream.calls()}
        expect(len(about - set(map(str, people))), "questions about nobody").equals(0)
        await leave(server, visitors)
    meetings = {person: meet(upstream, [person]) for person in numbers(VISITORS)}
    slow_down(upstream, [f"/{service}/{person}" for service in OF_A_PERSON[:3] for person in [*meetings][:-1]], promised.answer_s)
    async with upstream.hold(*[f"/rooms/{meeting}" for meeting in meetings.values()]):
        *visitors, stays = start(server, list(meetings))
        for person, meeting in meetings.items():
            calls = await upstream.arrivals(five(person, meeting))
        await leave(server, visitors)
    is_shown(await stays, person, calls)
    await server.quiet(0, promised.answer_s + promised.default_s)
    await come_at_once(server, upstream, list(meetings))
