"""Checks of serial-awaits. The services hold their answers, which shows which questions wait for which."""

import secrets
from collections.abc import Sequence

from grader.checks.api import Answer, Call, Promises, Server, Upstream, expect

OF_A_PERSON = ("weather", "trains", "roads", "meetings")
VISITORS = 5
FAILURES_IN_A_ROW = 30
ANY = range(200, 600)
CASES = [(service, how) for service in (*OF_A_PERSON, "rooms") for how in ("status", "cut")]


def numbers(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def four(person: int) -> dict[str, int]:
    """The questions about a person that need nobody else's answer."""
    return {f"GET /{service}/{person}": 1 for service in OF_A_PERSON}


def room_of(meeting: int) -> dict[str, int]:
    """The question for the room of a meeting."""
    return {f"GET /rooms/{meeting}": 1}


def meet(upstream: Upstream, people: Sequence[int], delay_s: float = 0.0) -> int:
    """From now on these people have the same new meeting first; returns its number."""
    meeting = numbers(1)[0]
    for person in people:
        upstream.on(f"/meetings/{person}", json={"value": meeting}, delay_s=delay_s)
    return meeting


def is_shown(answer: Answer, person: int, calls: Sequence[Call]) -> None:
    """The page is what the services said to just these questions: the four, and then the room."""
    weather, trains, roads, meeting, room = (call.said["value"] for call in calls)
    page = {"person": person, "weather": weather, "trains": trains, "roads": roads, "meeting": meeting, "room": room}
    expect(answer).status(200).json(page)


async def is_made(server: Server, upstream: Upstream, person: int, meeting: int, within_s: float | None = None) -> None:
    """A visitor alone gets a page for which each service is asked once, and nothing else."""
    asked = upstream.since()
    answer = await server.get(f"/mornings/{person}", within_s=within_s)
    expect(answer).status(200)
    is_shown(answer, person, asked.exactly(four(person) | room_of(meeting)))


async def fails(server: Server, upstream: Upstream, person: int, service: str, how: str) -> str:
    """One service fails once, for one visitor; returns the path that failed."""
    meeting = meet(upstream, [person])
    path = f"/rooms/{meeting}" if service == "rooms" else f"/{service}/{person}"
    upstream.on(path, times=1, status=503 if how == "status" else 200, cut=how == "cut")
    expect(await server.get(f"/mornings/{person}")).status(*ANY)
    return path


async def are_left(server: Server, upstream: Upstream, people: Sequence[int]) -> None:
    """Visitors leave while the app waits for the services."""
    async with upstream.hold("*") as held:
        visitors = [server.start("GET", f"/mornings/{person}") for person in people]
        await held.arrivals(1)
        for visitor in visitors:
            visitor.leave()


async def are_served(server: Server, upstream: Upstream, people: Sequence[int]) -> None:
    """Visitors who overlap have all their questions under way: first four for each, then everybody's room."""
    async with upstream.hold("/rooms/*") as rooms, upstream.hold(*(f"/{service}/*" for service in OF_A_PERSON)) as held:
        visitors = []
        for person in people:
            visitor = server.start("GET", f"/mornings/{person}")
            visitors.append((person, visitor, await held.arrivals(four(person))))
        held.release()
        meetings = [calls[-1].said["value"] for _, _, calls in visitors]
        asked = await rooms.arrivals({path: n for meeting in meetings for path, n in room_of(meeting).items()})
        rooms.release()
        for (person, visitor, calls), room in zip(visitors, asked, strict=True):
            is_shown(await visitor, person, [*calls, room])


async def test_a_page_is_what_the_services_say(server: Server, upstream: Upstream) -> None:
    """A page is what the services say, asked anew for every visitor."""
    people = numbers(2)
    for _ in range(2):
        meeting = meet(upstream, people)
        for person in (people[0], people[0], people[1], people[0]):
            await is_made(server, upstream, person, meeting)


async def test_each_service_is_asked_once(server: Server, upstream: Upstream) -> None:
    """For one page, each of the five services is asked once."""
    people = numbers(2)
    asked = upstream.since()
    meeting = meet(upstream, people[:1])
    expect(await server.get(f"/mornings/{people[0]}")).status(200)
    await server.quiet()
    asked.exactly(four(people[0]) | room_of(meeting))


async def test_four_questions_are_under_way_at_once(server: Server, upstream: Upstream) -> None:
    """Four questions need nobody else's answer and are asked together."""
    person = numbers(1)[0]
    for _ in range(2):
        async with upstream.hold("*") as held:
            visitor = server.start("GET", f"/mornings/{person}")
            calls = await held.arrivals(four(person))
            held.release()
            room = await upstream.arrivals(room_of(calls[-1].said["value"]))
            is_shown(await visitor, person, [*calls, *room])


async def test_the_room_is_asked_for_once_the_meeting_is_known(server: Server, upstream: Upstream) -> None:
    """The room is asked for as soon as the meeting is known."""
    person = numbers(1)[0]
    for _ in range(2):
        meeting = meet(upstream, [person])
        async with upstream.hold("/weather/*", "/trains/*", "/roads/*") as held:
            visitor = server.start("GET", f"/mornings/{person}")
            calls = await upstream.arrivals(four(person) | room_of(meeting))
            held.release()
            is_shown(await visitor, person, calls)


async def test_visitors_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 visitors at once have all their 20 questions under way together."""
    await are_served(server, upstream, numbers(VISITORS))


async def test_visitors_of_one_person_are_told_each(server: Server, upstream: Upstream) -> None:
    """5 visitors at once are each told anew, even of the same person."""
    await are_served(server, upstream, [numbers(1)[0]] * VISITORS)


async def test_people_of_one_meeting_are_told_each(server: Server, upstream: Upstream) -> None:
    """5 people at once are each told anew, even of the same meeting."""
    people = numbers(VISITORS)
    meeting = meet(upstream, people)
    async with upstream.hold("/rooms/*") as held:
        visitors = []
        for person in people:
            visitor = server.start("GET", f"/mornings/{person}")
            visitors.append((person, visitor, await upstream.arrivals(four(person) | room_of(meeting))))
        held.release()
        for person, visitor, calls in visitors:
            is_shown(await visitor, person, calls)


async def test_slow_answers_are_shown(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Slow answers are waited for, and then the page comes at once."""
    slow_s = 0.9 * promised.answer_s
    upstream.on("*", delay_s=slow_s)
    person = numbers(1)[0]
    meeting = meet(upstream, [person], delay_s=slow_s)
    await is_made(server, upstream, person, meeting, within_s=2 * slow_s + promised.default_s)


async def test_a_failing_question_is_not_asked_again(server: Server, upstream: Upstream) -> None:
    """A question that fails is not asked again."""
    failing = [path for case in CASES for path in [await fails(server, upstream, numbers(1)[0], *case)]]
    await server.quiet()
    for path in failing:
        expect(len(upstream.calls(path)), f"questions to {path}").equals(1)


async def test_pages_are_right_after_failures(server: Server, upstream: Upstream) -> None:
    """After any number of failures, pages are what the services say."""
    people = numbers(len(CASES))
    for person, case in zip(people, CASES, strict=True):
        await fails(server, upstream, person, *case)
        other = numbers(1)[0]
        meeting = meet(upstream, [other])
        answer = await server.get(f"/mornings/{other}")
        is_shown(answer, other, await upstream.arrivals(four(other) | room_of(meeting)))
    for service in ("*", "/rooms/*"):
        upstream.on(service, status=503)
        for person in numbers(FAILURES_IN_A_ROW):
            expect(await server.get(f"/mornings/{person}")).status(*ANY)
        upstream.on("*")
    await are_left(server, upstream, people[:VISITORS])
    await server.quiet()
    for person in people:
        await is_made(server, upstream, person, meet(upstream, [person]))


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
