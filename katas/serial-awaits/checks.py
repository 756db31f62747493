"""Checks of serial-awaits. The services hold their answers, which shows which questions wait."""

import secrets
from collections import Counter
from collections.abc import Sequence
from typing import Any

from grader.checks.api import Answer, Call, Promises, Server, Upstream, expect

OF_A_PERSON = ("weather", "trains", "roads", "meetings")
PERSONS = [f"/{service}/*" for service in OF_A_PERSON]
FAILURES: list[dict[str, Any]] = [{"status": 503}, {"cut": True}]
VISITORS, FAILING_CROWDS = 5, 6


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


async def fail(server: Server, people: Sequence[int]) -> None:
    """Visitors at once get errors."""
    for visitor in [server.start("GET", f"/mornings/{person}") for person in people]:
        expect(await visitor).status(500, 502, 503, 504)


async def alone(server: Server, upstream: Upstream, person: int, meeting: int, within_s: float | None = None) -> None:
    """A visitor gets what the services say to the five questions, and no others are asked."""
    asked = upstream.since()
    answer = await server.get(f"/mornings/{person}", within_s=within_s)
    expect(answer).status(200)
    is_shown(answer, person, asked.exactly(five(person, meeting)))


async def are_told(server: Server, upstream: Upstream, people: Sequence[int]) -> None:
    """People at once, each with another meeting, get what the services say to new questions."""
    wanted = [five(person, meet(upstream, [person])) for person in people]
    asked = upstream.since()
    visitors = [server.start("GET", f"/mornings/{person}") for person in people]
    for person, visitor, questions in zip(people, visitors, wanted, strict=True):
        answer = await visitor
        expect(answer).status(200)
        is_shown(answer, person, await asked.arrivals(questions))


async def overlap(server: Server, upstream: Upstream, people: Sequence[int], *held: str) -> None:
    """People of one meeting come one by one: each has all five asked while some are held."""
    meeting = meet(upstream, people)
    async with upstream.hold(*held) as hold:
        visitors = []
        for person in people:
            visitor = server.start("GET", f"/mornings/{person}")
            visitors.append((person, visitor, await upstream.arrivals(five(person, meeting))))
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


async def test_visitors_of_one_person_are_told_each(server: Server, upstream: Upstream) -> None:
    """Visitors at once are each told anew, even of the same person."""
    await come_at_once(server, upstream, [*numbers(1)] * 3)


async def test_people_of_one_meeting_are_told_each(server: Server, upstream: Upstream) -> None:
    """People at once are each told anew, even of the same meeting."""
    await overlap(server, upstream, numbers(3), "/rooms/*")


async def test_slow_answers_are_shown(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Slow answers are waited for, and then the page comes at once."""
    slow_s, (first, second) = 0.9 * promised.answer_s, numbers(2)
    meeting, other = meet(upstream, [first], slow_s), meet(upstream, [second])
    for call in f"weather/{first}", f"rooms/{meeting}", f"trains/{second}", f"roads/{second}":
        upstream.on(f"/{call}", delay_s=slow_s)
    await alone(server, upstream, first, meeting, 2 * slow_s + promised.default_s)
    await alone(server, upstream, second, other, slow_s + promised.default_s)


async def test_pages_are_right_after_failures(server: Server, upstream: Upstream) -> None:
    """What fails is not asked again, and later pages are as ever."""
    victims = [numbers(VISITORS) for _ in FAILURES]
    for people, failure in zip(victims, FAILURES, strict=True):
        await are_told(server, upstream, people)
        asked, paths = upstream.since(), []
        for place, person in enumerate(people):
            paths.append([*five(person, meet(upstream, [person]))][place].removeprefix("GET "))
            upstream.on(paths[-1], times=1, **failure)
        await fail(server, people)
        for path in paths:
            expect(len(asked.matching(path)), "questions that failed for one page").equals(1)
    for failing in ("*", "/rooms/*"):
        upstream.on(failing, status=503)
        for _ in range(FAILING_CROWDS):
            await fail(server, numbers(VISITORS))
        upstream.on("*")
        await are_told(server, upstream, numbers(VISITORS))
    async with upstream.hold("*") as held:
        people = numbers(VISITORS)
        leavers = [server.start("GET", f"/mornings/{person}") for person in people]
        await held.arrivals({f"GET /weather/{person}": 1 for person in people})
        for leaver in leavers:
            leaver.leave()
    await server.quiet()
    for people in victims:
        await are_told(server, upstream, people)


async def test_health_is_answered_meanwhile(server: Server, upstream: Upstream) -> None:
    """`/health` is answered while visitors wait for the services."""
    async with upstream.hold("*") as held:
        visitor = server.start("GET", f"/mornings/{numbers(1)[0]}")
        await held.arrivals(1)
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        held.release()
        expect(await visitor).status(200)


async def test_whatever_is_no_person_is_refused(server: Server, upstream: Upstream) -> None:
    """Whatever is no person's number is refused with 422, and no service is asked."""
    for person in ("0", "-3", "bob", "1.5"):
        expect(await server.get(f"/mornings/{person}")).status(422)
    expect(len(upstream.calls()), "questions about nobody").equals(0)
