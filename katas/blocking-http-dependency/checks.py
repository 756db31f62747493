"""Checks of blocking-http-dependency. The badge service holds its answers, so it is seen how many questions are under way at once."""

import secrets
from collections.abc import Iterable

import anyio

from grader.checks.api import Answer, Call, Pending, Promises, Server, Upstream, expect

AT_ONCE = 5
"""As many as a pool of threads has on the smallest machine: `asyncio.to_thread` has one for each core, and 4 more."""

CROWD = 12


def badges(count: int) -> list[str]:
    """Unpredictable badges."""
    first = 1 + secrets.randbelow(10**9)
    return [str(first + i) for i in range(count)]


def door_of(badge: str) -> int:
    """At which door this badge is held to the reader."""
    return int(badge) % 1000 + 1


def service_knows_all(upstream: Upstream) -> None:
    upstream.on("/badges/*", json=lambda call: {"person": call.value})


def come(server: Server, badge: str) -> Pending:
    """Somebody comes to a door with this badge."""
    return server.start("POST", f"/doors/{door_of(badge)}", headers={"x-badge": badge})


def questions(badges: Iterable[str]) -> dict[str, int]:
    """One question about each of these badges."""
    return {f"/badges/{badge}": 1 for badge in badges}


def is_let_in(answer: Answer, badge: str, call: Call) -> None:
    """The door opens for the person whom the badge service named to this call."""
    expect(answer).status(200).json({"door": door_of(badge), "person": call.value})


async def test_a_door_opens_for_whom_the_service_names(server: Server, upstream: Upstream) -> None:
    """A door opens for whom the badge service names at that moment."""
    service_knows_all(upstream)
    badge, unknown = badges(2)
    for _ in range(2):
        asked = upstream.since()
        answer = await come(server, badge)
        expect(answer).status(200)
        (call,) = asked.exactly(questions([badge]))
        is_let_in(answer, badge, call)
    upstream.on("/badges/*", status=404)
    for handed_back in (badge, unknown):
        expect(await come(server, handed_back)).status(403)


async def test_five_badges_are_asked_about_at_once(server: Server, upstream: Upstream) -> None:
    """5 people at once do not wait for one another."""
    service_knows_all(upstream)
    async with upstream.hold("/badges/*") as held:
        people = {badge: come(server, badge) for badge in badges(AT_ONCE)}
        calls = await held.arrivals(questions(people))
        held.release()
        for (badge, person), call in zip(people.items(), calls, strict=True):
            is_let_in(await person, badge, call)


async def test_health_is_answered_meanwhile(server: Server, upstream: Upstream) -> None:
    """The health check is answered while the badge service thinks."""
    service_knows_all(upstream)
    badge = badges(1)[0]
    async with upstream.hold("/badges/*") as held:
        person = come(server, badge)
        (call,) = await held.arrivals(questions([badge]))
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        held.release()
        is_let_in(await person, badge, call)


async def test_nobody_is_turned_away_from_a_crowd(server: Server, upstream: Upstream, promised: Promises) -> None:
    """12 people at once are all let in, each by their own badge."""
    service_knows_all(upstream)
    asked = upstream.since()
    async with upstream.hold("/badges/*") as held:
        people = {badge: come(server, badge) for badge in badges(CROWD)}
        await held.arrivals(1)
        await anyio.sleep(promised.thinking_s)
        held.release()
        answers = [await person for person in people.values()]
    for answer in answers:
        expect(answer).status(200)
    for badge, answer, call in zip(people, answers, asked.exactly(questions(people)), strict=True):
        is_let_in(answer, badge, call)
