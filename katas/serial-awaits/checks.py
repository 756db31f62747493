"""Checks of serial-awaits. The services hold their answers, which shows which questions wait."""

import asyncio
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from grader.checks.api import Answer, Call, Pending, Promises, Server, Upstream, expect

OF_A_PERSON = ("weather", "trains", "roads", "meetings")
PERSONS = [f"/{service}/*" for service in OF_A_PERSON]
FAILURES: dict[str, dict[str, Any]] = {
    "weather": {"status": 503},
    "trains": {"status": 404},
    "roads": {"close": True},
    "meetings": {"cut": True},
}
VISITORS, CONNECTIONS = 5, 24


def numbers(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


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


def start(server: Server, people: Sequence[int]) -> list[Pending]:
    """Visitors of these people come at once."""
    return [server.start("GET", f"/mornings/{person}") for person in people]


async def fail(server: Server, upstream: Upstream, meetings: Mapping[int, int], failing: str) -> None:
    """Visitors at once get errors when one service fails while the others are asked; nothing is asked twice."""
    asked, others = upstream.since(), [service for service in OF_A_PERSON[:3] if service != failing]
    async with upstream.hold(f"/{failing}/*") as struck, upstream.hold(*[f"/{name}/*" for name in others]) as held:
        visitors = start(server, list(meetings))
        await held.arrivals({f"GET /{service}/{person}": 1 for service in others for person in meetings})
        if failing in OF_A_PERSON[:3]:  # Nobody goes on to ask for a room when the visitor has been answered.
            await asked.arrivals({f"GET /rooms/{meeting}": 1 for meeting in meetings.values()})
        numbers_asked = meetings.values() if failing == "rooms" else meetings
        await struck.arrivals({f"GET /{failing}/{number}": 1 for number in numbers_asked})
        struck.release()
        expect(await server.get("/health")).status(200)  # Whoever cancels the other questions has done so.
        held.release()
        for visitor in visitors:
            expect(await visitor).status(500, 502, 503, 504)
    most = max(Counter(call.path for call in asked.calls).values())
    expect(most, "times that one question was asked").equals(1)


async def alone(server: Server, upstream: Upstream, person: int, meeting: int) -> None:
    """A visitor gets what the services say to the five questions, and no others are asked."""
    asked = upstream.since()
    answer = await server.get(f"/mornings/{person}")
    expect(answer).status(200)
    is_shown(answer, person, asked.exactly(five(person, meeting)))


async def are_told(server: Server, upstream: Upstream, meetings: Mapping[int, int]) -> None:
    """People at once, each with another meeting, get what the services say to new questions."""
    asked = upstream.since()
    visitors = start(server, list(meetings))
    for (person, meeting), visitor in zip(meetings.items(), visitors, strict=True):
        answer = await visitor
        expect(answer).status(200)
        is_shown(answer, person, await asked.arrivals(five(person, meeting)))


async def overlap(server: Server, upstream: Upstream, people: Sequence[int], *held: str) -> None:
    """People of one meeting come one by one: each has all five asked while some are held."""
    meeting = meet(upstream, people)
    async with upstream.hold(*held) as hold:
        visitors = []
        for person in people:
            visitor = server.start("GET", f"/mornings/{person}")
            calls = await upstream.arrivals(four(person))
            visitors.append((person, visitor, calls + await upstream.arrivals({f"GET /rooms/{meeting}": 1})))
        hold.release()
        for person, visitor, calls in visitors:
            is_shown(await visitor, person, calls)


async def come_at_once(server: Server, upstream: Upstream, people: Sequence[int]) -> None:
    """The visitors have all questions under way together: first four for each, then the rooms."""
    async with upstream.hold("/rooms/*") as rooms, upstream.hold(*PERSONS) as held:
        visitors = []
        for person in people:
            visitor = server.start("GET", f"/mornings/{person}")
            visitors.append((person, visitor, await held.arrivals(four(person))))
        held.release()
        paths = [f"GET /rooms/{calls[-1].said['value']}" for _, _, calls in visitors]
        asked = await rooms.arrivals(dict.fromkeys(paths, 1))
        rooms.release()
        for (person, visitor, calls), room in zip(visitors, asked, strict=True):
            is_shown(await visitor, person, [*calls, room])


async def test_a_page_is_what_the_services_say(server: Server, upstream: Upstream) -> None:
    """A page is what the services say, each asked once, and anew for every visitor."""
    people, all_asked, needed = numbers(2), upstream.since(), Counter[str]()
    for _ in range(2):
        meeting = meet(upstream, people)
        for person in (people[0], people[0], people[1]):
            await alone(server, upstream, person, meeting)
            needed.update(five(person, meeting))
    await server.quiet()
    all_asked.exactly(needed)


async def test_four_questions_are_under_way_at_once(server: Server, upstream: Upstream) -> None:
    """Four questions need nobody else's answer and are asked together."""
    for person in numbers(2):
        await come_at_once(server, upstream, [person])


async def test_the_room_is_asked_for_at_once(server: Server, upstream: Upstream) -> None:
    """The room is asked for as soon as the meeting is known."""
    for person in numbers(2):
        await overlap(server, upstream, [person], "/weather/*", "/trains/*", "/roads/*")


async def test_visitors_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 visitors at once have all their 20 questions under way together."""
    await come_at_once(server, upstream, numbers(VISITORS))
    expect(upstream.connections.open, "connections to the intranet").at_most(CONNECTIONS)


async def test_visitors_of_one_person_are_told_each(server: Server, upstream: Upstream) -> None:
    """Visitors at once are each told anew, even of the same person."""
    await come_at_once(server, upstream, [*numbers(1)] * VISITORS)


async def test_people_of_one_meeting_are_told_each(server: Server, upstream: Upstream) -> None:
    """People at once are each told anew, even of the same meeting."""
    await overlap(server, upstream, numbers(VISITORS), "/rooms/*")


async def test_slow_answers_are_shown(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Slow answers are waited for, and then the page comes at once."""
    asked, slow_s, people = upstream.since(), promised.answer_s, numbers(3)
    meetings = [meet(upstream, [person], slow_s if person == people[0] else 0) for person in people]
    for call in f"weather/{people[0]}", f"rooms/{meetings[0]}", f"trains/{people[1]}", f"roads/{people[1]}":
        upstream.on(f"/{call}", delay_s=slow_s)
    visitors = [
        server.start("GET", f"/mornings/{person}", within_s=waits * slow_s + promised.default_s)
        for person, waits in zip(people, (2, 1, 0), strict=True)
    ]
    answers, wanted = await asyncio.gather(*visitors), dict[str, int]()
    for person, meeting, answer in zip(people, meetings, answers, strict=True):
        expect(answer).status(200)
        wanted.update(five(person, meeting))
    calls = iter(asked.exactly(wanted))
    for person, answer in zip(people, answers, strict=True):
        is_shown(answer, person, list(islice(calls, 5)))


async def test_pages_are_right_after_failures(server: Server, upstream: Upstream) -> None:
    """What fails is not asked again, and later pages are as ever."""
    victims = {person: meet(upstream, [person]) for person in numbers(VISITORS)}
    await are_told(server, upstream, victims)
    for service, failure in FAILURES.items():
        for failing in (service, "rooms"):
            upstream.on(f"/{failing}/*", **failure, times=VISITORS)
            await fail(server, upstream, victims, failing)
            await are_told(server, upstream, dict(islice(victims.items(), 2)))
    await come_at_once(server, upstream, list(victims))
    await alone(server, upstream, *victims.popitem())
    expect(upstream.connections.open, "connections to the intranet").at_most(CONNECTIONS)


async def test_visitors_who_wait_disturb_nobody(server: Server, upstream: Upstream) -> None:
    """While 5 visitors wait, `/health` and refusals do not; when they have left, the next 5 are served as ever."""
    async with upstream.hold(*PERSONS) as held:
        people = numbers(VISITORS)
        visitors = start(server, people)
        await held.arrivals({f"GET /weather/{person}": 1 for person in people})
        health = server.start("GET", "/health")
        refused = [server.start("GET", f"/mornings/{person}") for person in ("0", "-3", "bob", "1.5")]
        expect(await health).status(200).json({"status": "ok"})
        for visitor in refused:
            expect(await visitor).status(422)
        about = {call.path.rpartition("/")[2] for call in upstream.calls()}
        expect(len(about - set(map(str, people))), "questions about nobody").equals(0)
        for visitor in visitors:
            visitor.leave()
        await held.saturated()
    await server.quiet()
    async with upstream.hold("/weather/*") as held:
        people = numbers(VISITORS)
        visitors = start(server, people)
        await held.arrivals({f"GET /weather/{person}": 1 for person in people})
        held.release()
        for visitor in visitors:
            expect(await visitor).status(200)
