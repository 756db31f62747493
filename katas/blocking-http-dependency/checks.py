"""Checks of blocking-http-dependency. The badge service holds its answers, which shows how many questions are under way at once."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from grader.checks.api import Answer, Asked, Call, Pending, Promises, Server, Upstream, expect

AT_ONCE, CROWD, CONNECTIONS = 5, 12, 24
"""Five, because `asyncio.to_thread` has a thread for each core and 4 more; the others as README says."""
ERRORS = (500, 502, 503, 504)
STATUSES = (429, 400, 502, 500, 503, 504, 401, 425, 403, 410, 409, 405, 422, 406, 501, 507, 451, 505, 418, 408, 413, 511, 417, 402)
"""24 that are no 404; clients like to ask again after some of them."""
UNKNOWN: list[dict[str, Any]] = [{"status": 404}] * CROWD
BROKEN: list[dict[str, Any]] = [{"cut": True}, {"close": True}] * 3 + [{"status": 500}, {"status": 503}]
ROUNDS = (UNKNOWN, UNKNOWN, *(BROKEN + [{"status": status} for status in STATUSES[number::6]] for number in range(6)))
"""24 badges are unknown, 36 connections break, 36 answers are errors; no good answer comes in between and resets a count of them."""
LEAVES = 3
"""The number of the visitor who leaves, among five with the same badge; the last one comes afterwards."""


def badges(count: int) -> list[str]:
    """Unpredictable badges."""
    first = 1 + secrets.randbelow(10**9)
    return [str(first + i) for i in range(count)]


def door_of(badge: str) -> int:
    """At which door this badge is held to the reader."""
    return int(badge) % 10**6 + 1


def service_knows_all(upstream: Upstream) -> None:
    upstream.on("/badges/*", json=lambda call: {"person": call.value})


def service_fails(upstream: Upstream, badge: str, failure: Mapping[str, Any]) -> None:
    """The next answer about this badge is no good one, although it names somebody, in its first half and in two ways."""

    def much(call: Call) -> dict[str, Any]:
        return {"person": call.value, "holder": {"person": call.value}, "doors": [7] * CONNECTIONS}

    upstream.on(f"/badges/{badge}", **failure, json=much, times=1)


def come(server: Server, badge: str, within_s: float | None = None) -> Pending:
    """A visitor holds this badge to the reader of its door."""
    return server.start("POST", f"/doors/{door_of(badge)}", headers={"x-badge": badge}, within_s=within_s)


def questions(badges: Iterable[str]) -> dict[str, int]:
    """One question about each of these badges."""
    return {f"GET /badges/{badge}": 1 for badge in badges}


def is_let_in(answer: Answer, badge: str, call: Call) -> None:
    """The door opens for the person whom the badge service named to this call."""
    expect(answer).status(200).json({"door": door_of(badge), "person": call.said["person"]})


def are_let_in(asked: Asked, answers: Mapping[str, Answer]) -> None:
    """These visitors, each with another badge, are let in, each by their own question, and no other has been asked."""
    for answer in answers.values():
        expect(answer).status(200)
    for (badge, answer), call in zip(answers.items(), asked.exactly(questions(answers)), strict=True):
        is_let_in(answer, badge, call)


async def together(server: Server, upstream: Upstream, people: Sequence[str]) -> None:
    """Visitors who come together are let in."""
    asked, visitors = upstream.since(), [come(server, badge) for badge in people]
    are_let_in(asked, dict(zip(people, await server.answers(visitors), strict=True)))


async def in_a_row(server: Server, upstream: Upstream, people: Iterable[str]) -> None:
    """Visitors who come one after another are let in."""
    for badge in people:
        await together(server, upstream, [badge])


async def at_once(server: Server, upstream: Upstream, people: Sequence[str], within_s: float | None = None) -> None:
    """At least 5 visitors who come at once are let in: 5 of their questions are under way together."""
    asked = upstream.since()
    async with upstream.hold("/badges/*") as held:
        visitors = [come(server, badge, within_s) for badge in people]
        await held.arrivals(AT_ONCE)
        expect(upstream.connections.open, "connections open at once").at_most(CONNECTIONS)
        held.release()
        are_let_in(asked, dict(zip(people, await server.answers(visitors), strict=True)))


def is_turned_down(answer: Answer, failure: Mapping[str, Any]) -> None:
    """The visitor is told that the badge is unknown, or that the service has failed."""
    expect(answer).status(*((403,) if failure.get("status") == 404 else ERRORS))


async def fail_meanwhile(server: Server, upstream: Upstream) -> None:
    """While somebody waits, others are told at once how their question has failed; then somebody is let in."""
    staying, *failing = badges(AT_ONCE)
    failures: list[dict[str, Any]] = [{"cut": True}, {"status": 404}, {"close": True}, {"status": 500}]
    async with upstream.hold(f"/badges/{staying}") as held:
        visitor = come(server, staying)
        (call,) = await held.arrivals(questions([staying]))
        for badge, failure in zip(failing, failures, strict=True):
            service_fails(upstream, badge, failure)
            is_turned_down(await come(server, badge), failure)
        held.release()
        is_let_in(await visitor, staying, call)


async def wait_alone(server: Server, upstream: Upstream, badge: str) -> None:
    """Who came before and who came after a visitor who waits is let in, with the same badge."""
    async with upstream.hold(f"/badges/{badge}") as held:
        visitors = list[tuple[Pending, Call]]()
        for number in range(3):
            if number == 1:
                service_fails(upstream, badge, {"never": True})
            visitor = come(server, badge)
            (call,) = await held.arrivals(questions([badge]))
            visitors.append((visitor, call))
        held.release()
        before, (waiting, _), after = visitors
        for visitor, call in (after, before):
            is_let_in(await visitor, badge, call)
        waiting.leave()


async def test_a_door_opens_for_whom_the_service_names(server: Server, upstream: Upstream) -> None:
    """A door opens for the person whom the badge service names, asked anew each time."""
    service_knows_all(upstream)
    one, other = badges(2)
    everything = upstream.since()
    await in_a_row(server, upstream, [one, other, one, f"00{one}", one])
    for _ in range(2):
        upstream.on("/badges/*", status=404, times=2, json={"person": 4711})
        for answer in await server.answers([come(server, badge) for badge in (one, other)]):
            expect(answer).status(403)
        upstream.on("/badges/*", json={"person": secrets.randbelow(10**9)})
        await in_a_row(server, upstream, [one])
        await together(server, upstream, [one, other])
    await together(server, upstream, ["7", "0", "987654321012"])
    await server.quiet()
    wanted = {f"GET /badges/{one}": 3 + 2 * 3, f"GET /badges/{other}": 1 + 2 * 2}
    everything.exactly({**wanted, **questions([f"00{one}", "7", "0", "987654321012"])})


async def test_visitors_with_one_badge_are_told_each(server: Server, upstream: Upstream) -> None:
    """5 visitors at once who hold the same badge are each told what was said to them."""
    service_knows_all(upstream)
    everything, (badge,) = upstream.since(), badges(1)
    path = f"/badges/{badge}"
    for failure in ({"status": 404}, {"status": 503}, {"cut": True}):
        service_fails(upstream, badge, failure)
        async with upstream.hold(path) as held:
            visitors = list[tuple[Pending, Call]]()
            for number in range(AT_ONCE):
                visitor = come(server, badge)
                (call,) = await held.arrivals(questions([badge]))
                visitors.append((visitor, call))
                if number == LEAVES:
                    visitor.leave()
                    await server.settle("/health")
            del visitors[LEAVES]
            async with server.paused():  # The app reads the answers together.
                held.release()
            (failing, _), *others = visitors
            is_turned_down(await failing, failure)
            for visitor, call in others:
                is_let_in(await visitor, badge, call)
        await in_a_row(server, upstream, [badge])
    await server.quiet()
    everything.exactly({path: 3 * (AT_ONCE + 1)})
    await wait_alone(server, upstream, badge)


async def test_five_badges_are_asked_about_at_once(server: Server, upstream: Upstream) -> None:
    """5 questions are under way while 5 wait; whoever's is answered need not wait."""
    service_knows_all(upstream)
    await at_once(server, upstream, badges(AT_ONCE))
    asked, people, before = upstream.since(), badges(CROWD), AT_ONCE
    async with AsyncExitStack() as stack:
        holds = {badge: await stack.enter_async_context(upstream.hold(f"/badges/{badge}")) for badge in people}
        visitors = {badge: come(server, badge) for badge in people}
        for answered in range(CROWD):
            await upstream.arrivals("/badges/*", before + min(answered + AT_ONCE, CROWD))
            under_way = {call.path.rpartition("/")[2]: call for call in asked.calls if call.open}
            expect(len(under_way.keys() & visitors.keys()), "badges asked about at once").at_least(min(AT_ONCE, len(visitors)))
            badge = [badge for badge in under_way if badge in visitors][-1]
            holds[badge].release()
            is_let_in(await visitors.pop(badge), badge, under_way[badge])
    asked.exactly(questions(people))


async def test_health_is_answered_meanwhile(server: Server, upstream: Upstream, promised: Promises) -> None:
    """While visitors wait for the badge service, `/health`, refusals and quick answers do not."""
    service_knows_all(upstream)
    asked, people = upstream.since(), badges(CROWD)
    async with upstream.hold("/badges/*") as held:
        visitors = [come(server, badge, promised.crowd_s) for badge in people]
        await held.arrivals(AT_ONCE)
        await server.let_run(promised.thinking_s)
        expect(await server.settle("/health")).status(200).json({"status": "ok"})
        wrong = ("47a", "-4711", "1" * 13, "4.5", "47\xb2", "")
        refused = [server.start("POST", f"/doors/{door}", headers={"x-badge": badge}) for badge in wrong for door in (7, 0)]
        refused.append(server.start("POST", "/doors/7"))
        for answer in await server.answers(refused):
            expect(answer).status(422)
        expect(upstream.connections.open, "connections open at once").at_most(CONNECTIONS)
        held.release()
        are_let_in(asked, dict(zip(people, await server.answers(visitors), strict=True)))
    for door in ("0", "-3", "1.5", "north"):
        expect(await server.request("POST", f"/doors/{door}", headers={"x-badge": people[0]})).status(422)
    quick, *slow = badges(AT_ONCE)
    for badge in slow:
        upstream.on(f"/badges/{badge}", drip_s=20 * promised.default_s, json={"person": 7, "doors": [7] * 9 * CONNECTIONS})
    asked, visitors = upstream.since(), [come(server, badge) for badge in slow]
    await asked.arrivals(questions(slow))
    expect(await server.settle("/health")).status(200).json({"status": "ok"})
    await together(server, upstream, [quick])
    for visitor in visitors:
        visitor.leave()


async def test_nobody_is_turned_away_from_a_crowd(server: Server, upstream: Upstream, promised: Promises) -> None:
    """12 visitors at once are all let in, even if each question takes 0.4 s."""
    service_knows_all(upstream)
    everything, quick, slow = upstream.since(), badges(CROWD), badges(CROWD)
    await at_once(server, upstream, quick, promised.crowd_s)
    await in_a_row(server, upstream, quick[:AT_ONCE])
    for badge in slow[::2]:
        upstream.on(f"/badges/{badge}", delay_s=promised.thinking_s, json=lambda call: {"person": call.value})
    for badge in slow[1::2]:
        upstream.on(f"/badges/{badge}", drip_s=promised.thinking_s, json=lambda call: {"person": call.value})
    asked, visitors = upstream.since(), [come(server, badge, promised.crowd_s) for badge in slow]
    are_let_in(asked, dict(zip(slow, await server.answers(visitors), strict=True)))
    await at_once(server, upstream, quick, promised.crowd_s)
    await in_a_row(server, upstream, quick[:2])
    await server.quiet()
    expect(len(everything.calls), "questions").equals(3 * CROWD + AT_ONCE + 2)


async def test_failures_concern_nobody_else(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Failures and unknown badges are told, not repeated, and harm no later visitor."""
    service_knows_all(upstream)
    everything, again = upstream.since(), list[str]()
    for failures in ROUNDS:
        people, asked = badges(CROWD), upstream.since()
        for badge, failure in zip(people, failures, strict=True):
            service_fails(upstream, badge, failure)
        visitors = [come(server, badge, promised.crowd_s) for badge in people]
        for answer, failure in zip(await server.answers(visitors), failures, strict=True):
            is_turned_down(answer, failure)
        asked.exactly(questions(people))
        again += people[3::4]
    expect(await server.get("/health")).status(200).json({"status": "ok"})
    await at_once(server, upstream, again[::2], promised.crowd_s)
    await fail_meanwhile(server, upstream)
    await in_a_row(server, upstream, badges(2))
    await server.quiet()
    expect(len(everything.calls), "questions").equals((len(ROUNDS) + 1) * CROWD + AT_ONCE + 2)


async def test_leavers_concern_nobody_else(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When visitors leave, all others are let in as ever."""
    service_knows_all(upstream)
    for _ in range(2):
        asked, people = upstream.since(), badges(CROWD)
        async with upstream.hold("/badges/*") as held:
            *leaving, staying = [come(server, badge, promised.crowd_s) for badge in people]
            await held.arrivals(AT_ONCE)
            await server.settle("/health")
            for visitor in leaving:
                visitor.leave()
            await server.settle("/health")
            held.release()
            is_let_in(await staying, people[-1], *await asked.arrivals(questions(people[-1:])))
    await server.quiet()
    expect(len(upstream.calls()), "questions for 24 visitors").at_most(2 * CROWD)
    async with upstream.hold("/badges/*") as held:
        leaving = [come(server, badge) for badge in people[1:AT_ONCE]]
        await held.arrivals(questions(people[1:AT_ONCE]))
        for visitor in leaving:
            visitor.leave()
        await server.settle("/health")
        again = come(server, people[1])
        (call,) = await held.arrivals(questions([people[1]]))
        held.release()
        is_let_in(await again, people[1], call)
    await at_once(server, upstream, people, promised.crowd_s)
    await in_a_row(server, upstream, people[:2])
