"""Checks of fire-and-forget-lost. The bureau counts receipts, and takes nearly as long as README grants."""

import itertools
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import anyio

from grader.checks.api import Asked, Promises, Server, Upstream, expect

CROWD = 10
"""As many receipts as README says can be under way at once."""

CONNECTIONS = 20
"""As many as README grants. A place that is lost with each failure of one kind shows after one failure more."""

FAILURES: Sequence[dict[str, Any]] = ({"status": 503}, {"cut": True}, {"close": True})
"""In so many ways a call can fail."""

KINDS = tuple(itertools.product(("owners", "receipts"), FAILURES))
"""In so many ways a receipt can fail."""

NEARLY = 0.95
"""Of the time that README grants the bureau for a call, this share is taken."""

NUMBERS = itertools.count(2 + 2 * secrets.randbelow(10**8), 2 * CROWD)
"""Where the numbers of some payments begin: even, unpredictable, and never twice the same."""


@dataclass(frozen=True)
class Payment:
    """A payment, and the mailbox of its owner."""

    number: int
    mailbox: int
    cents: int


Payments = Sequence[Payment]
Calls = dict[str, Any]


def payments(upstream: Upstream, count: int, *, delay_s: float = 0.0) -> Payments:
    """New ones, unpredictable, each two of one owner and alike; the bureau takes `delay_s` to find an owner."""
    first, salt = next(NUMBERS), 1 + secrets.randbelow(10**8)
    paid = [Payment(n, salt + n // 2, 7 * salt + n // 2) for n in range(first, first + count)]
    return known(upstream, paid, delay_s=delay_s)


def known(upstream: Upstream, paid: Payments, *, delay_s: float = 0.0) -> Payments:
    """These, whose owners the bureau finds after `delay_s`."""
    for payment in paid:
        upstream.on(f"/owners/{payment.number}", json={"mailbox": payment.mailbox}, delay_s=delay_s)
    return paid


def alike(upstream: Upstream, paid: Payments) -> Payments:
    """New ones of the same owners, who pay the same again."""
    return known(upstream, [replace(p, number=n) for n, p in enumerate(paid, next(NUMBERS))])


def failing(upstream: Upstream, count: int = len(KINDS), *, first: int = 0) -> tuple[Payments, Payments]:
    """Payments whose receipts fail in each way in turn; returns those of the first call, and of the second."""
    paid = payments(upstream, count)
    lost: dict[str, list[Payment]] = {"owners": [], "receipts": []}
    for n, payment in enumerate(paid, first):
        what, failure = KINDS[n % len(KINDS)]
        lost[what].append(payment)
        upstream.on(f"/{what}/{payment.number}", json={"mailbox": payment.mailbox}, **failure)
    return lost["owners"], lost["receipts"]


def owners(paid: Payments) -> Calls:
    """The calls that ask for the owners."""
    return {f"GET /owners/{payment.number}": 1 for payment in paid}


def receipts(paid: Payments) -> Calls:
    """The calls that send the receipts."""
    return {f"POST /receipts/{p.number}": [{"mailbox": p.mailbox, "cents": p.cents}] for p in paid}


def paths(calls: Calls) -> list[str]:
    return [call.split()[1] for call in calls]


async def are_accepted(server: Server, paid: Payments) -> None:
    """All pay at once, and are told "accepted"."""
    tills = [server.start("POST", f"/payments/{p.number}", json={"cents": p.cents}) for p in paid]
    for payment, till in zip(paid, tills, strict=True):
        expect(await till).status(202).json({"payment": payment.number})


async def is_healthy(server: Server) -> None:
    expect(await server.get("/health")).status(200).json({"status": "ok"})


def were_made(asked: Asked, wanted: Calls) -> None:
    """These calls to the bureau and no others, and the app has waited for each answer."""
    calls = asked.exactly(wanted)
    given_up = [call.path for call in calls if call.left or call.open]
    expect(given_up, "calls to the bureau whose answers the app did not await").equals([])


async def fail(server: Server, upstream: Upstream, promised: Promises, first: int) -> tuple[Payments, Calls]:
    """A crowd of receipts fails in all ways; returns the payments and their calls."""
    unknown, unsent = failing(upstream, CROWD, first=first)
    lost, calls = [*unknown, *unsent], owners([*unknown, *unsent]) | receipts(unsent)
    await are_accepted(server, lost)
    await upstream.arrivals(calls, within_s=2 * promised.default_s)
    return lost, calls


async def stops(server: Server, within_s: float) -> None:
    """The server is asked to stop, and its shutdown completes in time and without an error."""
    await server.stop(within_s=within_s)
    failed = server.output.count("Application shutdown failed")
    expect(failed, "failed shutdowns in the app's output").equals(0)


@asynccontextmanager
async def stopping(server: Server, promised: Promises) -> AsyncIterator[list[str]]:
    """While this block runs, the server has been asked to stop, and has begun to; after it, it has stopped.

    The list gets an item when the shutdown completes.
    """
    ended: list[str] = []

    async def stop() -> None:
        await stops(server, 2 * (promised.call_s + 2 * promised.default_s))
        ended.append("shutdown")

    async with server.lingering() as idle, anyio.create_task_group() as tasks:
        await is_healthy(server)  # what has connected before is known to the server now
        tasks.start_soon(stop)
        await idle.sent_away()
        yield ended


async def test_tills_do_not_wait_for_the_bureau(server: Server, upstream: Upstream) -> None:
    """10 tills are answered at once, and their receipts go out side by side."""
    asked, paid = upstream.since(), payments(upstream, CROWD)
    async with upstream.hold("/owners/*") as asking, upstream.hold("/receipts/*") as sending:
        await are_accepted(server, paid)
        await asking.arrivals(owners(paid))
        await is_healthy(server)
        expect(await server.post("/payments/0", json={"cents": 1})).status(422)
        asking.release()
        await sending.arrivals(receipts(paid))
        await is_healthy(server)
    await server.quiet()
    were_made(asked, owners(paid) | receipts(paid))


async def test_a_stop_waits_for_slow_receipts(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Payments before a stop get their receipts, even if the bureau takes its time for both calls."""
    asked, slow_s = upstream.since(), promised.call_s * NEARLY
    paid = payments(upstream, CROWD, delay_s=slow_s)
    upstream.on("/receipts/*", delay_s=slow_s)
    *before, last = paid
    till = server.start("POST", f"/payments/{last.number}", json={"cents": last.cents}, body_later=True)
    await are_accepted(server, before)
    await is_healthy(server)
    async with stopping(server, promised) as ended:
        till.send_body()
        expect(await till).status(202).json({"payment": last.number})
        await upstream.arrivals(receipts(paid), within_s=slow_s + 2 * promised.default_s)
        expect(len(ended), "shutdowns that completed before the receipts had been sent").equals(0)
        await anyio.sleep(promised.call_s)  # of the clock, as a client's timeout counts
        await server.stopped()
    were_made(asked, owners(paid) | receipts(paid))


async def test_a_stop_ends_once_no_receipt_is_under_way(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A stop with no receipt under way ends at once, whatever was before."""
    await fail(server, upstream, promised, 0)
    await server.quiet(for_s=promised.call_s)
    for paid in payments(upstream, 1), payments(upstream, 1):
        await are_accepted(server, paid)
        await upstream.arrivals(receipts(paid), within_s=2 * promised.default_s)
    await server.quiet()
    await stops(server, promised.default_s)


async def test_a_failed_receipt_is_lost_alone(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A receipt that fails takes no other with it, however many fail."""
    asked, asking, sending = upstream.since(), payments(upstream, 2), payments(upstream, 2)
    unknown, unsent = failing(upstream)
    sent, lost = [*asking, *sending], [*unknown, *unsent]
    async with upstream.hold(*paths(owners(asking) | receipts(sending))) as held:
        await are_accepted(server, [*sent, *lost])
        await held.arrivals(owners(asking) | receipts(sending), within_s=2 * promised.default_s)
        await upstream.arrivals(owners(lost) | receipts(unsent), within_s=2 * promised.default_s)
    await upstream.arrivals(receipts(asking))
    wanted = owners([*sent, *lost]) | receipts([*sent, *unsent])
    for first in range(0, CONNECTIONS * len(KINDS), CROWD):
        lost, calls = await fail(server, upstream, promised, first)
        wanted |= calls
    async with upstream.hold("/receipts/*") as held:
        later = alike(upstream, lost)
        await are_accepted(server, later)
        await held.arrivals(receipts(later), within_s=2 * promised.default_s)
    await server.quiet()
    were_made(asked, wanted | owners(later) | receipts(later))
    expect(upstream.connections.peak, "connections to the bureau at once").at_most(CONNECTIONS)


async def test_a_receipt_that_fails_at_a_stop_is_lost_alone(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A receipt that fails after the server has been asked to stop takes no other with it."""
    asked, asking, sending = upstream.since(), payments(upstream, 2), payments(upstream, 2)
    unknown, unsent = failing(upstream)
    sent, lost = [*asking, *sending], [*unknown, *unsent]
    under_way, doomed = owners(asking) | receipts(sending), owners(unknown) | receipts(unsent)
    async with (
        upstream.hold(*paths(under_way)) as held,
        upstream.hold(*paths(receipts(asking))) as last,
        upstream.hold(*paths(doomed)) as failures,
    ):
        await are_accepted(server, [*sent, *lost])
        await held.arrivals(under_way, within_s=2 * promised.default_s)
        await failures.arrivals(doomed, within_s=2 * promised.default_s)
        async with stopping(server, promised):
            await anyio.sleep(promised.default_s)  # the app itself learns of the stop after uvicorn
            failures.release()
            await anyio.sleep(promised.call_s * NEARLY)  # of the clock, as a client's timeout counts
            held.release()
            await last.arrivals(receipts(asking))
            await server.stopped(since=last.release())
    were_made(asked, owners([*sent, *lost]) | receipts([*sent, *unsent]))


async def test_wrong_payments_are_refused(server: Server, upstream: Upstream, promised: Promises) -> None:
    """What is no payment is refused, and the bureau is not called; nor does a stop wait for anything."""
    asked = upstream.since()
    for payment in ("0", "-1", "1.5", "x"):
        expect(await server.post(f"/payments/{payment}", json={"cents": 1})).status(422)
    for body in ({"cents": 0}, {"cents": -1}, {"cents": 1.5}, {"cents": "x"}, {"cents": None}, {}, [], None):
        expect(await server.post("/payments/1", json=body)).status(422)
    await server.quiet()
    were_made(asked, {})
    await stops(server, promised.default_s)
