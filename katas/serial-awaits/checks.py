"""Checks of serial-awaits. The services hold their answers, so it is seen which questions do not wait for them."""

import secrets

from grader.checks.api import Answer, Server, Upstream, expect

OF_A_PERSON = ("weather", "trains", "roads", "meetings")
VISITORS = 5


def numbers(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def plan_meeting(upstream: Upstream, person: int) -> int:
    """From now on this person has another meeting first; returns its number."""
    meeting = numbers(1)[0]
    upstream.on(f"/meetings/{person}", json={"value": meeting})
    return meeting


def is_told(answer: Answer, person: int, meeting: int, upstream: Upstream) -> None:
    """The page is what the services said to the last questions for it."""
    own = {service: upstream.value(f"/{service}/{person}") for service in OF_A_PERSON if service != "meetings"}
    page = {"person": person, **own, "meeting": meeting, "room": upstream.value(f"/rooms/{meeting}")}
    expect(answer).status(200).json(page)


async def test_a_page_is_what_the_services_say(server: Server, upstream: Upstream) -> None:
    """A page is what the services say at that moment."""
    person, other = numbers(2)
    for asker in (person, other, person):
        meeting = plan_meeting(upstream, asker)
        is_told(await server.get(f"/mornings/{asker}"), asker, meeting, upstream)


async def test_each_service_is_asked_once(server: Server, upstream: Upstream) -> None:
    """For one page, each of the five services is asked once."""
    person = numbers(1)[0]
    meeting = plan_meeting(upstream, person)
    is_told(await server.get(f"/mornings/{person}"), person, meeting, upstream)
    asked = sorted(call.path for call in upstream.calls())
    expect(asked, "questions for one page").equals(sorted([*(f"/{service}/{person}" for service in OF_A_PERSON), f"/rooms/{meeting}"]))


async def test_four_questions_are_under_way_at_once(server: Server, upstream: Upstream) -> None:
    """Four questions need nobody else's answer and are asked together."""
    person = numbers(1)[0]
    meeting = plan_meeting(upstream, person)
    async with upstream.hold("*") as held:
        visitor = server.start("GET", f"/mornings/{person}")
        await held.arrivals(len(OF_A_PERSON))
        held.release()
        is_told(await visitor, person, meeting, upstream)


async def test_the_room_is_asked_for_once_the_meeting_is_known(server: Server, upstream: Upstream) -> None:
    """The room is asked for as soon as the meeting is known."""
    person = numbers(1)[0]
    meeting = plan_meeting(upstream, person)
    async with upstream.hold("/weather/*", "/trains/*", "/roads/*") as held:
        visitor = server.start("GET", f"/mornings/{person}")
        await upstream.arrivals(f"/rooms/{meeting}", 1)
        held.release()
        is_told(await visitor, person, meeting, upstream)


async def test_visitors_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 visitors at once have all their 20 questions under way together."""
    meetings = {person: plan_meeting(upstream, person) for person in numbers(VISITORS)}
    async with upstream.hold("*") as held:
        visitors = {person: server.start("GET", f"/mornings/{person}") for person in meetings}
        await held.arrivals(VISITORS * len(OF_A_PERSON))
        held.release()
        for person, visitor in visitors.items():
            is_told(await visitor, person, meetings[person], upstream)
