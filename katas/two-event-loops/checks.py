"""Checks of two-event-loops. The harbour holds its answers, which shows who waits, and counts its connections."""

import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from grader.checks.api import Answer, Call, Pending, Promises, Server, Upstream, expect

ROW, NEW_CONNECTIONS, CONNECTIONS = 12, 3, 10
"""One connection is enough for a row of visitors; an app that cannot use one twice has 12."""

AT_ONCE = 5
"""As many as a pool of threads has on the smallest machine: `asyncio.to_thread` has one for each core, and 4 more."""

ERRORS = (500, 502, 503, 504)
OFTEN = (404, 500, 503, 429)
RARE = (400, 401, 403, 408, 409, 410, 422, 425)
IN_A_ROW = (501, 502, 504, 505, 507, 500, 503)
MORE_THAN_SPARE = 6
"""So often each kind of failure comes: 5 visitors at once, and more lost places than the other 5 of 10."""


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


def start(server: Server, ferry: int, within_s: float | None = None) -> Pending:
    """A visitor asks about this ferry."""
    return server.start("GET", f"/ferries/{ferry}", within_s=within_s)


def is_told(answer: Answer, ferry: int, call: Call) -> None:
    """The visitor gets what the harbour said to this question."""
    expect(answer).status(200).json({"ferry": ferry, "seats": call.said["seats"]})


def few_are_open(upstream: Upstream) -> None:
    """The app has at most 10 connections."""
    expect(upstream.connections.open, "connections to the harbour").at_most(CONNECTIONS)


async def one_by_one(server: Server, upstream: Upstream, ferries: Iterable[int]) -> None:
    """Visitors come one after another; each is told, and the harbour is asked once."""
    for ferry in ferries:
        asked = upstream.since()
        answer = await server.get(f"/ferries/{ferry}")
        expect(answer).status(200)
        (call,) = asked.exactly({question(ferry): 1})
        is_told(answer, ferry, call)


async def share_connections(server: Server, upstream: Upstream) -> None:
    """12 visitors come one after another, and need at most 3 new connections."""
    before = upstream.connections.opened
    await one_by_one(server, upstream, ferries(ROW))
    expect(upstream.connections.opened - before, "connections opened for 12 visitors").at_most(NEW_CONNECTIONS)
    few_are_open(upstream)


async def come(server: Server, upstream: Upstream, ferries: Iterable[int]) -> list[tuple[int, Pending, Call]]:
    """Visitors come one by one, each as soon as the question of the one before is with the harbour."""
    visitors = []
    for ferry in ferries:
        asked, visitor = upstream.since(), start(server, ferry)
        visitors += [(ferry, visitor, call) for call in await asked.arrivals({question(ferry): 1})]
    few_are_open(upstream)
    return visitors


async def are_told(visitors: Iterable[tuple[int, Pending, Call]]) -> None:
    for ferry, visitor, call in visitors:
        is_told(await visitor, ferry, call)


async def come_together(server: Server, upstream: Upstream, ferries: Iterable[int]) -> None:
    """The questions are with the harbour together, and each visitor is told the answer."""
    async with upstream.hold("*") as held:
        visitors = await come(server, upstream, ferries)
        held.release()
        await are_told(visitors)


async def wait_long(server: Server, upstream: Upstream, promised: Promises, ferries: Sequence[int]) -> None:
    """5 visitors at once are told what the harbour says as slowly as it may, in one piece or in many."""
    for place, ferry in enumerate(ferries):
        slow = {"drip_s": promised.answer_s} if place % 2 else {"delay_s": promised.answer_s}
        upstream.on(f"/ferries/{ferry}", **slow, json=seats)
    asked, within_s = upstream.since(), promised.answer_s + promised.default_s
    answers = await server.answers([start(server, ferry, within_s) for ferry in ferries])
    for answer in answers:
        expect(answer).status(200)
    for ferry, answer, call in zip(ferries, answers, asked.exactly({question(ferry): 1 for ferry in ferries}), strict=True):
        is_told(answer, ferry, call)
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
    """4 of 5 questions fail, while the last one is held: 4 visitors get an error, and the last one is told."""
    *failing, spared = (f"/ferries/{ferry}" for ferry in ferries)
    for path, failure in zip(failing, failures, strict=True):
        upstream.on(path, **failure, json=seats, times=1)
    async with upstream.hold(*failing) as struck, upstream.hold(spared) as rest:
        asked, visitors = upstream.since(), [start(server, ferry) for ferry in ferries]
        calls = await asked.arrivals({question(ferry): 1 for ferry in ferries})
        few_are_open(upstream)
        struck.release()
        for visitor, failure in zip(visitors, failures, strict=False):
            expect(await visitor).status(*((404,) if failure.get("status") == 404 else ERRORS))
        rest.release()
        is_told(await visitors[-1], ferries[-1], calls[-1])


async def fail_in_a_row(server: Server, upstream: Upstream, ferry: int, failures: Iterable[Mapping[str, Any]]) -> None:
    """Failures come one after another, with nothing good between them; then all is well."""
    for failure in failures:
        upstream.on(f"/ferries/{ferry}", **failure, json=seats, times=1)
        asked = upstream.since()
        expect(await server.get(f"/ferries/{ferry}")).status(*ERRORS)
        asked.exactly({question(ferry): 1})
    await one_by_one(server, upstream, [ferry])


async def fail_often(
    server: Server, upstream: Upstream, promised: Promises, at_once: Sequence[Mapping[str, Any]], in_a_row: Iterable[Mapping[str, Any]]
) -> None:
    """The same 5 ferries fail in turn, after good answers and before; nobody else notices, then or afterwards."""
    harbour_knows_all(upstream)
    five, each = ferries(AT_ONCE), AT_ONCE - 1
    await one_by_one(server, upstream, five)
    for first in range(0, len(at_once), each):
        turn = first % AT_ONCE
        await fail(server, upstream, [*five[turn:], *five[:turn]], at_once[first : first + each])
    await fail_in_a_row(server, upstream, five[0], in_a_row)
    await share_connections(server, upstream)
    await come_together(server, upstream, five)
    await wait_long(server, upstream, promised, five)
    await nothing_more_is_asked(server, upstream)


async def leave(server: Server, upstream: Upstream, promised: Promises, ferries: Sequence[int], **answer: Any) -> None:
    """3 of 5 visitors leave before their question is answered like this, or while it is: the others are told."""
    leaving = [f"/ferries/{ferry}" for ferry in ferries[2:]]
    for path in leaving:
        upstream.on(path, **answer, json=seats, times=1)
    async with upstream.hold(*leaving) as gone, upstream.hold("*") as rest:
        visitors = await come(server, upstream, ferries)
        if "drip_s" in answer:
            gone.release()
        for _, visitor, _ in visitors[2:]:
            visitor.leave()
        expect(await server.get("/health")).status(200)  # By now the app has read that they left.
        rest.release()
        await are_told(visitors[:2])
    await server.quiet(0, promised.answer_s + promised.default_s)


async def test_every_visitor_is_answered(server: Server, upstream: Upstream) -> None:
    """12 visitors, one after another, are all told what the harbour says now."""
    harbour_knows_all(upstream)
    await one_by_one(server, upstream, ferries(ROW))
    ferry, unknown = ferries(2)
    await one_by_one(server, upstream, [ferry, unknown, ferry])
    for seats in (0, 0, secrets.randbelow(10**9)):
        upstream.on("/ferries/*", json={"seats": seats})
        await one_by_one(server, upstream, [ferry])
    for sunk in (ferry, unknown):
        asked = upstream.since()
        upstream.on("/ferries/*", status=404, json=seats)
        expect(await server.get(f"/ferries/{sunk}")).status(404)
        asked.exactly({question(sunk): 1})
        harbour_knows_all(upstream)
        await one_by_one(server, upstream, [sunk])
    await nothing_more_is_asked(server, upstream)


async def test_visitors_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 visitors at once do not wait for one another."""
    harbour_knows_all(upstream)
    await come_together(server, upstream, ferries(AT_ONCE))


async def test_slow_answers_are_told(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Answers that take 0.5 s are told, also after many quick ones, and harm no later visitor."""
    harbour_knows_all(upstream)
    five = ferries(AT_ONCE)
    await one_by_one(server, upstream, five)
    await wait_long(server, upstream, promised, five)
    await come_together(server, upstream, five)
    await wait_long(server, upstream, promised, five)
    await one_by_one(server, upstream, five)
    await nothing_more_is_asked(server, upstream)


async def test_failures_disturb_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When the harbour answers with an error status, its visitor gets an error and nobody else."""
    often = [status for turn in range(MORE_THAN_SPARE) for status in (*OFTEN[turn % 4 :], *OFTEN[: turn % 4])]
    at_once, in_a_row = ([{"status": status} for status in some] for some in ((*often, *RARE), IN_A_ROW))
    await fail_often(server, upstream, promised, at_once, in_a_row)


async def test_broken_connections_disturb_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When the harbour closes a connection, its visitor gets an error and nobody else."""
    broken: list[dict[str, Any]] = [{"close": True}, {"cut": True}]
    await fail_often(server, upstream, promised, broken * MORE_THAN_SPARE, broken * 3)


async def test_visitors_who_leave_disturb_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When visitors leave, all others are served as ever."""
    harbour_knows_all(upstream)
    five = ferries(AT_ONCE)
    for answer in ({}, {"status": 503}, {"cut": True}, {"close": True}, {"drip_s": promised.answer_s}):
        await leave(server, upstream, promised, five, **answer)
    await share_connections(server, upstream)
    await come_together(server, upstream, five)
    await nothing_more_is_asked(server, upstream)


async def test_visitors_of_one_ferry_are_told_each(server: Server, upstream: Upstream) -> None:
    """Visitors of the same ferry are each told, even if for one the harbour fails or one leaves."""
    harbour_knows_all(upstream)
    (ferry,) = ferries(1)
    await come_together(server, upstream, [ferry] * AT_ONCE)
    await come_at_once(server, upstream, ferry)
    upstream.on("/ferries/*", status=429, json=seats, times=1)
    async with upstream.hold("*") as held:
        (_, fails, _), (_, leaves, _), *visitors = await come(server, upstream, [ferry] * (AT_ONCE - 1))
        leaves.leave()
        expect(await server.get("/health")).status(200)  # By now the app has read that they left.
        visitors += await come(server, upstream, [ferry])
        held.release()
        expect(await fails).status(*ERRORS)
        await are_told(visitors)
    await nothing_more_is_asked(server, upstream)


async def test_visitors_share_connections(server: Server, upstream: Upstream) -> None:
    """12 visitors, one after another, need at most 3 new connections, also after 5 at once."""
    harbour_knows_all(upstream)
    await share_connections(server, upstream)
    for _ in range(2):
        await come_together(server, upstream, ferries(AT_ONCE))
        await share_connections(server, upstream)


async def test_health_and_refusals_do_not_wait(server: Server, upstream: Upstream) -> None:
    """While 5 visitors wait, `/health` and refusals do not, and harm nobody."""
    harbour_knows_all(upstream)
    async with upstream.hold("*") as held:
        visitors = await come(server, upstream, ferries(AT_ONCE))
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        for ferry in ("0", "-3", "bob", "1.5") * 3:
            expect(await server.get(f"/ferries/{ferry}")).status(422)
        held.release()
        await are_told(visitors)
    await come_together(server, upstream, ferries(AT_ONCE))
    await nothing_more_is_asked(server, upstream)
