"""Checks of fire-and-forget-lost. The bureau counts receipts, and takes nearly as long as README grants."""

import itertools
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import anyio

from grader.checks.api import Asked, Call, Promises, Server, Upstream, expect

CROWD = 10
"""As many receipts as README says can be under way at once."""

CONNECTIONS = 20
"""As many as README grants."""

FAILURES: Sequence[dict[str, Any]] = ({"status": 503}, {"cut": True}, {"close": True})
"""In so many ways a call can fail."""

ROUNDS = 3
"""So many crowds fail at each call. If one kind of failure keeps its connections, too few are left for a crowd then."""

NEARLY = 0.95
"""Of the time that README grants the bureau for a call, this share is taken."""

NUMBERS = itertools.count(2 + secrets.randbelow(10**8))
"""Of the payments: unpredictable, and never twice the same."""

MAILBOXES: dict[str, int] = {}
"""What the bureau knows, by the path of the call that asks for it."""


class Payment(NamedTuple):
    """A payment, and the mailbox of its owner."""

    number: int
    mailbox: int
    cents: int


Payments = Sequence[Payment]
Calls = dict[str, Any]


def payment(mailbox: int, cents: int, number: int | None = None) -> Payment:
    """A new one, whose owner the bureau knows."""
    made = Payment(next(NUMBERS) if number is None else number, mailbox, cents)
    MAILBOXES[f"/owners/{made.number}"] = mailbox
    return made


def payments(count: int = CROWD) -> Payments:
    """New ones, unpredictable, each two of one owner and alike."""
    salt = 1 + secrets.randbelow(10**8)
    return [payment(salt + n // 2, 7 * salt + n // 2) for n in range(count)]


def alike(paid: Payments) -> Payments:
    """New ones of the same owners, who pay the same again."""
    return [payment(p.mailbox, p.cents) for p in paid]


def found(call: Call) -> object:
    """What the bureau answers if it is asked for an owner."""
    return {"mailbox": MAILBOXES.get(call.path)}


def opened(upstream: Upstream) -> Asked:
    """The calls from now on to the bureau, which knows its owners."""
    upstream.on("/owners/*", json=found)
    return upstream.since()


def owners(paid: Payments) -> Calls:
    """The calls that ask for the owners."""
    return {f"GET /owners/{p.number}": 1 for p in paid}


def receipts(paid: Payments) -> Calls:
    """The calls that send the receipts."""
    return {f"POST /receipts/{p.number}": [{"mailbox": p.mailbox, "cents": p.cents}] for p in paid}


def paths(calls: Calls) -> list[str]:
    return [call.split()[1] for call in calls]


async def are_accepted(server: Server, paid: Payments) -> None:
    """All pay at once, and are told "accepted"."""
    tills = [server.start("POST", f"/payments/{p.number}", json={"cents": p.cents}) for p in paid]
    for p, answer in zip(paid, await server.answers(tills), strict=True):
        expect(answer).status(202).json({"payment": p.number})


async def is_healthy(server: Server) -> None:
    expect(await server.get("/health")).status(200).json({"status": "ok"})


async def go_out_together(server: Server, upstream: Upstream, paid: Payments) -> Calls:
    """A full crowd of receipts is under way side by side, at each of the two calls; returns the calls."""
    async with upstream.hold("/owners/*") as asking, upstream.hold("/receipts/*") as sending:
        await are_accepted(server, paid)
        await asking.arrivals(owners(paid))
        asking.release()
        await sending.arrivals(receipts(paid))
    return owners(paid) | receipts(paid)


async def fail(server: Server, upstream: Upstream, promised: Promises, paid: Payments, what: str, turn: int) -> Calls:
    """A crowd of receipts fails at one of the two calls, in all ways; returns the calls."""
    for n, failure in enumerate(FAILURES):
        upstream.on(f"/{what}/*", json=found, times=CROWD // 3 + (n == turn % 3), **failure)
    calls = owners(paid) | (receipts(paid) if what == "receipts" else {})
    await are_accepted(server, paid)
    await upstream.arrivals(calls, within_s=2 * promised.default_s)
    return calls


def failing(upstream: Upstream) -> tuple[Payments, Payments]:
    """Payments whose receipts fail in each way: at the first call, and at the second."""
    lost = payments(len(FAILURES)), payments(len(FAILURES))
    for what, paid in zip(("owners", "receipts"), lost, strict=True):
        for p, failure in zip(paid, FAILURES, strict=True):
            upstream.on(f"/{what}/{p.number}", json=found, **failure)
    return lost


def were_made(upstream: Upstream, asked: Asked, wanted: Calls) -> None:
    """These calls to the bureau and no others, and the app has waited for each answer."""
    given_up = [call.path for call in asked.exactly(wanted) if call.left or call.open]
    expect(given_up, "calls to the bureau whose answers the app did not await").equals([])
    expect(upstream.connections.peak, "connections to the bureau at once").at_most(CONNECTIONS)


async def stops(server: Server, within_s: float) -> None:
    """The server is asked to stop, and its shutdown completes in time and without an error."""
    await server.stop(within_s=within_s)
    expect(server.output.count("Application shutdown failed"), "failed shutdowns in the app's output").equals(0)


@asynccontextmanager
async def stopping(server: Server, promised: Promises) -> AsyncIterator[list[str]]:
    """While this block runs, the server has been asked to stop, and has begun to; after it, it has stopped. The list gets
    an item when the shutdown completes.
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


async def goes_on(ended: list[str], for_s: float) -> None:
    """The shutdown does not complete meanwhile: receipts are held. Of the clock, as a timeout of the app counts."""
    await anyio.sleep(for_s)
    expect(len(ended), "shutdowns that completed before the receipts had been sent").equals(0)


async def test_tills_do_not_wait_for_the_bureau(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Tills are answered at once, and their receipts go out side by side, even if the bureau takes its time."""
    asked, paid = opened(upstream), payments()
    async with upstream.hold("/owners/*") as asking, upstream.hold("/receipts/*") as sending:
        for half in paid[: CROWD // 2], paid[CROWD // 2 :]:  # the middle two are of one owner
            await are_accepted(server, half)
            await asking.arrivals(owners(half))
        await is_healthy(server)
        expect(await server.post("/payments/0", json={"cents": 1})).status(422)
        await anyio.sleep(promised.call_s * NEARLY)
        asking.release()
        await sending.arrivals(receipts(paid))
        await is_healthy(server)
    await server.quiet()
    were_made(upstream, asked, owners(paid) | receipts(paid))


async def test_a_stop_waits_for_slow_receipts(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Payments before a stop get their receipts, even if the bureau has been quick and now takes its time."""
    asked, slow_s = opened(upstream), promised.call_s * NEARLY
    wanted = await fail(server, upstream, promised, payments(), "receipts", 0) | await go_out_together(server, upstream, payments())
    *before, last = paid = payments()
    till = server.start("POST", f"/payments/{last.number}", json={"cents": last.cents}, body_later=True)
    ones, others = paid[::2], paid[1::2]  # of each owner
    async with (
        upstream.hold(*paths(owners(ones))) as asking,
        upstream.hold(*paths(owners(others))) as still_asking,
        upstream.hold(*paths(receipts(ones))) as sending,
        upstream.hold(*paths(receipts(others))) as last_of_owners,
    ):
        await are_accepted(server, before)
        async with stopping(server, promised) as ended:
            till.send_body()
            expect(await till).status(202).json({"payment": last.number})
            await upstream.arrivals(owners(paid))
            await goes_on(ended, slow_s)
            asking.release()
            await sending.arrivals(receipts(ones))
            still_asking.release()
            await last_of_owners.arrivals(receipts(others))
            last_of_owners.release()
            await goes_on(ended, slow_s)
            await server.stopped(since=sending.release())
    were_made(upstream, asked, wanted | owners(paid) | receipts(paid))


async def test_a_till_at_a_quiet_stop_gets_its_receipt(server: Server, upstream: Upstream, promised: Promises) -> None:
    """After a quiet time all is as before, and a till in mid-request at a stop gets its receipt."""
    asked, last = opened(upstream), payment(1 + secrets.randbelow(10**8), cents=1, number=1)
    wanted = await go_out_together(server, upstream, payments())
    await server.quiet(for_s=2 * promised.default_s)
    wanted |= await go_out_together(server, upstream, payments())
    till = server.start("POST", f"/payments/{last.number}", json={"cents": last.cents}, body_later=True)
    async with (
        upstream.hold(*paths(owners([last]))) as asking,
        upstream.hold(*paths(receipts([last]))) as sending,
        stopping(server, promised) as ended,
    ):
        await server.let_run(promised.default_s)
        till.send_body()
        expect(await till).status(202).json({"payment": last.number})
        for held, calls in (asking, owners([last])), (sending, receipts([last])):
            await held.arrivals(calls, within_s=2 * promised.default_s)
            await server.let_run(promised.default_s / 4)
            await goes_on(ended, 0)
            since = held.release()
        await server.stopped(since=since)
    were_made(upstream, asked, wanted | owners([last]) | receipts([last]))


async def test_a_failed_receipt_is_lost_alone(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A receipt that fails takes no other with it, however many fail, and a stop does not wait for it."""
    asked, asking, sending = opened(upstream), payments(2), payments(2)
    wanted = owners([*asking, *sending]) | receipts([*asking, *sending])
    async with upstream.hold(*paths(owners(asking) | receipts(sending))) as held:
        await are_accepted(server, [*asking, *sending])
        await held.arrivals(owners(asking) | receipts(sending), within_s=2 * promised.default_s)
        for _ in range(2):
            unknown, unsent = failing(upstream)
            calls = owners([*unknown, *unsent]) | receipts(unsent)
            await are_accepted(server, [*unknown, *unsent])
            await upstream.arrivals(calls, within_s=2 * promised.default_s)
            wanted |= calls
    await upstream.arrivals(receipts(asking))
    for what in ("receipts", "owners"):
        crowd = payments()
        for turn in range(ROUNDS):
            wanted |= await fail(server, upstream, promised, crowd := alike(crowd), what, turn)
        await is_healthy(server)
        wanted |= await go_out_together(server, upstream, alike(crowd))
    wanted |= await fail(server, upstream, promised, payments(), "receipts", 0)
    await server.quiet()
    await stops(server, promised.default_s)
    were_made(upstream, asked, wanted)


async def test_a_receipt_that_fails_at_a_stop_is_lost_alone(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A receipt that fails after the server has been asked to stop takes no other with it."""
    asked, asking, sending = opened(upstream), payments(2), payments(2)
    unknown, unsent = failing(upstream)
    sent, lost = [*asking, *sending], [*unknown, *unsent]
    under_way, last = owners(asking) | receipts(sending), receipts(unsent[-1:])
    doomed = owners(unknown) | receipts(unsent[:-1])
    async with (
        upstream.hold(*paths(under_way)) as held,
        upstream.hold(*paths(receipts(asking))) as kept,
        upstream.hold(*paths(doomed)) as failures,
        upstream.hold(*paths(last)) as last_failure,
    ):
        await are_accepted(server, [*sent, *lost])
        for hold, calls in (held, under_way), (failures, doomed), (last_failure, last):
            await hold.arrivals(calls, within_s=2 * promised.default_s)
        async with stopping(server, promised) as ended:
            await goes_on(ended, promised.default_s)  # the app itself learns of the stop after uvicorn
            failures.release()
            await goes_on(ended, promised.call_s * NEARLY)
            held.release()
            await kept.arrivals(receipts(asking))
            kept.release()
            await server.let_run(promised.default_s / 4)
            await goes_on(ended, 0)
            await server.stopped(since=last_failure.release())
    were_made(upstream, asked, owners([*sent, *lost]) | receipts([*sent, *unsent]))


async def test_wrong_payments_are_refused(server: Server, upstream: Upstream, promised: Promises) -> None:
    """What is no payment is refused, and the bureau is not called; nor does a stop wait for anything."""
    for number in ("0", "-1", "1.5", "x"):
        expect(await server.post(f"/payments/{number}", json={"cents": 1})).status(422)
    for body in ({"cents": 0}, {"cents": -1}, {"cents": 1.5}, {"cents": "x"}, {"cents": None}, {}, [], None):
        expect(await server.post("/payments/1", json=body)).status(422)
    await server.quiet()
    await stops(server, promised.default_s)
    expect(len(upstream.calls()), "calls to the bureau without a payment").equals(0)
