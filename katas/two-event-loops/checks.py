"""Checks of two-event-loops. The harbour holds its answers, which shows who waits, and counts its connections."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grader.checks.api import Answer, Call, Pending, Promises, Server, Upstream, expect

ROW, NEW_CONNECTIONS, CONNECTIONS = 6, 3, 10
"""One connection is enough for a row of visitors; an app that cannot use one twice has 6."""

AT_ONCE = 5
"""As many as a pool of threads has on the smallest machine: `asyncio.to_thread` has one for each core, and 4 more."""

ERRORS = (500, 502, 503, 504)
OFTEN, RARE, IN_A_ROW = (404, 500, 404, 503, 429), (400, 401, 403, 408, 409, 410, 422, 425), (501, 502, 504)
"""404 comes 6 times, as do 503 and 429 together: that is more than 10 places can lose, if 5 visitors at once are to get one."""
BREAKS: tuple[dict[str, Any], ...] = ({"close": True}, {"cut": True})
MIXED: tuple[dict[str, Any], ...] = ({}, {"status": 503}, *BREAKS)


def ferries(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def question(ferry: int) -> str:
    return f"GET /ferries/{ferry}"


def seats(call: Call) -> dict[str, int]:
    return {"seats": call.value}


def harbour_knows_all(upstream: Upstream) -> None:
    upstream.on("/ferries/*", json=seats)


def start(server: Server, ferry: int | str, within_s: float | None = None) -> Pending:
    """A visitor asks about this ferry."""
    return server.start("GET", f"/ferries/{ferry}", within_s=within_s)


def is_told(answer: Answer, ferry: int, call: Call) -> None:
    """The visitor gets what the harbour said to this question."""
    expect(answer).status(200).json({"ferry": ferry, "seats": call.said["seats"]})


def few_are_open(upstream: Upstream) -> None:
    """The app has at most 10 connections."""
    expect(upstream.connections.open, "connections to the harbour").at_most(CONNECTIONS)


async def told_at_once(server: Server, upstream: Upstream, ferries: Sequence[int], within_s: float | None = None) -> None:
    """Visitors come at once; each is told, and the harbour is asked once for each."""
    asked = upstream.since()
    answers = await server.answers([start(server, ferry, within_s) for ferry in ferries])
    for answer in answers:
        expect(answer).status(200)
    for ferry, answer, call in zip(ferries, answers, asked.exactly({question(ferry): 1 for ferry in ferries}), strict=True):
        is_told(answer, ferry, call)


async def one_by_one(server: Server, upstream: Upstream, ferries: Iterable[int]) -> None:
    """Visitors come one after another; each is told, and the harbour is asked once."""
    for ferry in ferries:
        await told_at_once(server, upstream, [ferry])


async def share_connections(server: Server, upstream: Upstream) -> None:
    """6 visitors come one after another, and need at most 3 new connections."""
    before = upstream.connections.opened
    await one_by_one(server, upstream, ferries(ROW))
    expect(upstream.connections.opened - before, "connections opened for 6 visitors").at_most(NEW_CONNECTIONS)
    few_are_open(upstream)


async def come(
    server: Server, upstream: Upstream, ferries: Iterable[int], within_s: float | None = None
) -> list[tuple[int, Pending, Call]]:
    """Visitors of different ferries come at once, until their questions are with the harbour."""
    asked, visitors = upstream.since(), {ferry: start(server, ferry, within_s) for ferry in ferries}
    calls = await asked.arrivals({question(ferry): 1 for ferry in visitors})
    few_are_open(upstream)
    return [(*visitor, call) for visitor, call in zip(visitors.items(), calls, strict=True)]


async def come_in_turn(
    server: Server, upstream: Upstream, ferries: Iterable[int], within_s: float | None = None
) -> list[tuple[int, Pending, Call]]:
    """Visitors come one by one, each as soon as the question of the one before is with the harbour."""
    return [visitor for ferry in ferries for visitor in await come(server, upstream, [ferry], within_s)]


async def are_told(visitors: Iterable[tuple[int, Pending, Call]]) -> None:
    for ferry, visitor, call in visitors:
        is_told(await visitor, ferry, call)


async def come_together(server: Server, upstream: Upstream, ferries: Sequence[int], late: int = AT_ONCE - 1, how: Any = come) -> None:
    """The questions are with the harbour together, and each visitor is told the answer; one is answered late."""
    async with upstream.hold(f"/ferries/{ferries[late]}") as last, upstream.hold("*") as rest:
        visitors = await how(server, upstream, ferries)
        waits = visitors.pop(late)
        rest.release()
        await are_told(visitors)
        last.release()
        await are_told([waits])


async def wait_long(server: Server, upstream: Upstream, promised: Promises, ferries: Sequence[int]) -> None:
    """5 visitors at once are told what the harbour says as slowly as it may, in one piece or in many."""
    for place, ferry in enumerate(ferries):
        slow = {"drip_s": promised.answer_s} if place % 2 else {"delay_s": promised.answer_s}
        upstream.on(f"/ferries/{ferry}", **slow, json=seats)
    await told_at_once(server, upstream, ferries, promised.answer_s + promised.default_s)
    harbour_knows_all(upstream)


def numbers_in(answer: Answer) -> list[tuple[int, bytes]]:
    """By these, answers about one ferry are in the order of their seats."""
    return sorted((len(number), number) for number in re.findall(rb"\d+", answer.body))


async def come_at_once(server: Server, upstream: Upstream, ferry: int) -> None:
    """5 visitors ask about one ferry at the same moment, and each is told another answer."""
    async with upstream.hold("*") as held:
        visitors = [start(server, ferry) for _ in range(AT_ONCE)]
        calls = await held.arrivals({question(ferry): AT_ONCE})
        held.release()
        answers = await server.answers(visitors)
    calls.sort(key=lambda call: call.said["seats"])
    for answer, call in zip(sorted(answers, key=numbers_in), calls, strict=True):
        is_told(answer, ferry, call)


async def nothing_more_is_asked(server: Server, upstream: Upstream) -> None:
    """The harbour has got no question but those that the visitors needed."""
    await server.quiet()
    expect(len(upstream.surplus), "further questions").equals(0)


async def fail(server: Server, upstream: Upstream, ferries: Sequence[int], failures: Sequence[Mapping[str, Any]]) -> None:
    """As many questions fail, the last ones; the others are held meanwhile, and their visitors are told afterwards."""
    spared, failing = ferries[: -len(failures)], ferries[-len(failures) :]
    for ferry, failure in zip(failing, failures, strict=True):
        upstream.on(f"/ferries/{ferry}", **failure, json=seats, times=1)
    struck_paths, spared_paths = ([f"/ferries/{ferry}" for ferry in some] for some in (failing, spared))
    async with upstream.hold(*struck_paths) as struck, upstream.hold(*spared_paths) as rest:
        visitors = await come(server, upstream, ferries)
        struck.release()
        answers = await server.answers([visitor for _, visitor, _ in visitors[len(spared) :]])
        for answer, failure in zip(answers, failures, strict=True):
            expect(answer).status(*((404,) if failure.get("status") == 404 else ERRORS))
        rest.release()
        await are_told(visitors[: len(spared)])


async def fail_often(
    server: Server, upstream: Upstream, promised: Promises, at_once: Sequence[Mapping[str, Any]], in_a_row: Iterable[Mapping[str, Any]]
) -> None:
    """The same 5 ferries fail in turn, after good answers and before; nobody else notices, then or afterwards."""
    harbour_knows_all(upstream)
    five, left = ferries(AT_ONCE), list(at_once)
    await told_at_once(server, upstream, five)
    while left:
        failing = AT_ONCE if len(left) < len(at_once) - AT_ONCE else AT_ONCE - 1
        await fail(server, upstream, five, left[:failing])
        five, left = [*five[1:], five[0]], left[failing:]
    for failure in in_a_row:
        await fail(server, upstream, five[:1], [failure])
    await share_connections(server, upstream)
    await come_together(server, upstream, five)
    await wait_long(server, upstream, promised, five)
    await nothing_more_is_asked(server, upstream)


async def leave(server: Server, upstream: Upstream, ferries: Sequence[int], kinds: Iterable[Mapping[str, Any]]) -> None:
    """4 of 5 visitors leave before their questions are answered like this, or while they are: the first one is told."""
    stays, *leaving = (f"/ferries/{ferry}" for ferry in ferries)
    for path, kind in zip(leaving, kinds, strict=True):
        upstream.on(path, **kind, json=seats, times=1)
    async with upstream.hold(*leaving) as gone, upstream.hold(stays) as rest:
        visitors = await come(server, upstream, ferries)
        if all("drip_s" in kind for kind in kinds):
            gone.release()
        for _, visitor, _ in visitors[1:]:
            visitor.leave()
        expect(await server.get("/health")).status(200)  # By now the app has read that they left.
        rest.release()
        await are_told(visitors[:1])


async def test_every_visitor_is_answered(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Visitors, one after another, are all told what the harbour says now."""
    harbour_knows_all(upstream)
    ferry, unknown, *others = ferries(ROW)
    await one_by_one(server, upstream, (ferry, unknown, *others, 1, 10**15))
    for number in (0, 0, secrets.randbelow(10**9)):
        upstream.on("/ferries/*", json={"seats": number})
        await one_by_one(server, upstream, [ferry])
    for sunk in (ferry, unknown):
        asked = upstream.since()
        upstream.on("/ferries/*", status=404, json=seats)
        expect(await server.get(f"/ferries/{sunk}")).status(404)
        asked.exactly({question(sunk): 1})
        harbour_knows_all(upstream)
        await one_by_one(server, upstream, [sunk])
    await server.quiet(promised.answer_s)
    await nothing_more_is_asked(server, upstream)


async def test_slow_answers_are_told(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Answers that take 0.5 s are told, also after many quick ones, and harm no later visitor."""
    harbour_knows_all(upstream)
    five = ferries(AT_ONCE)
    await one_by_one(server, upstream, five)
    await wait_long(server, upstream, promised, five)
    await come_together(server, upstream, five)
    await share_connections(server, upstream)
    await nothing_more_is_asked(server, upstream)


async def test_failures_disturb_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When the harbour answers with an error status, its visitor gets an error and nobody else."""
    at_once, in_a_row = ([{"status": status} for status in some] for some in ((*OFTEN * 3, *RARE), IN_A_ROW))
    await fail_often(server, upstream, promised, at_once, in_a_row)


async def test_broken_connections_disturb_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When the harbour closes a connection, its visitor gets an error and nobody else."""
    await fail_often(server, upstream, promised, BREAKS * 9, BREAKS)


async def test_visitors_who_leave_disturb_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When visitors leave, all others are served as ever."""
    harbour_knows_all(upstream)
    five, dripped = ferries(AT_ONCE), [{"drip_s": promised.answer_s}] * (AT_ONCE - 1)
    for kinds in (MIXED, MIXED, MIXED, dripped):
        await leave(server, upstream, five, kinds)
        await server.quiet(0, promised.answer_s + promised.default_s)
    await share_connections(server, upstream)
    await come_together(server, upstream, five)
    await nothing_more_is_asked(server, upstream)


async def test_visitors_share_connections(server: Server, upstream: Upstream) -> None:
    """6 visitors, one after another, need at most 3 new connections, also after 5 at once."""
    harbour_knows_all(upstream)
    await share_connections(server, upstream)
    await come_together(server, upstream, ferries(AT_ONCE))
    await share_connections(server, upstream)


async def test_visitors_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 visitors at once do not wait for one another."""
    harbour_knows_all(upstream)
    await come_together(server, upstream, ferries(AT_ONCE), 0, come_in_turn)


async def test_visitors_of_one_ferry_are_told_each(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Visitors of the same ferry are each told, whoever is answered first, fails or leaves."""
    harbour_knows_all(upstream)
    (ferry,), within_s = ferries(1), promised.answer_s + promised.default_s
    await come_at_once(server, upstream, ferry)
    for kind in ({"close": True}, {"status": 429}, {"delay_s": promised.answer_s}):  # The last one is for the first call.
        upstream.on("/ferries/*", **kind, json=seats, times=1)
    async with upstream.hold("*") as held:
        slow, *failing, (_, leaves, _) = await come_in_turn(server, upstream, [ferry] * (AT_ONCE - 1), within_s)
        leaves.leave()
        expect(await server.get("/health")).status(200)  # By now the app has read that they left.
        others = await come_in_turn(server, upstream, [ferry])
        held.release()
        await are_told(others)
        for _, fails, _ in failing:
            expect(await fails).status(*ERRORS)
        await are_told([slow])
    await nothing_more_is_asked(server, upstream)


async def test_health_and_refusals_do_not_wait(server: Server, upstream: Upstream) -> None:
    """While 5 visitors wait, `/health` and refusals do not, and harm nobody."""
    harbour_knows_all(upstream)
    refused = ("0", "-3", "bob", "1.5")
    async with upstream.hold("*") as held:
        visitors = await come(server, upstream, ferries(AT_ONCE))
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        for ferry in refused:
            expect(await server.get(f"/ferries/{ferry}")).status(422)
        held.release()
        await are_told(visitors)
    for _ in range(2):
        for answer in await server.answers([start(server, ferry) for ferry in refused]):
            expect(answer).status(422)
    await come_together(server, upstream, ferries(AT_ONCE))
    await nothing_more_is_asked(server, upstream)
