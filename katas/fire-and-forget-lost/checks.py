"""Checks of fire-and-forget-lost. The bureau counts receipts, and takes nearly as long as README grants."""

import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from grader.checks.api import Asked, Promises, Server, Upstream, expect

CROWD = 10
"""As many receipts as README says can be under way at once."""

FAILING = 4
"""In so many ways a receipt can fail."""

POOL = 40
"""As many places as AnyIO's pool of threads has. After so many failures it shows if each loses one."""

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
    for payment in paid:
        upstream.on(f"/owners/{payment.number}", json={"mailbox": payment.mailbox}, delay_s=delay_s)
    return paid


def failing(upstream: Upstream, *, delay_s: float = 0.0) -> tuple[Payments, Calls]:
    """Payments whose receipts fail in every way, after `delay_s`; with their calls."""
    paid = payments(upstream, FAILING)
    for n, payment in enumerate(paid):
        path = f"/{'owners' if n < 2 else 'receipts'}/{payment.number}"
        status, said = (503, 200)[n % 2], {"mailbox": payment.mailbox}
        upstream.on(path, status=status, cut=bool(n % 2), json=said, delay_s=delay_s)
    return paid, owners(paid) | receipts(paid[2:])


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


async def fail_once(server: Server, upstream: Upstream) -> Calls:
    """Receipts fail in every way; returns their calls."""
    lost, calls = failing(upstream)
    await are_accepted(server, lost)
    await upstream.arrivals(calls)
    return calls


async def stops(server: Server, within_s: float) -> None:
    """The server is asked to stop, and its shutdown completes in time and without an error."""
    await server.stop(within_s=within_s)
    failed = server.output.count("Application shutdown failed")
    expect(failed, "failed shutdowns in the app's output").equals(0)


async def test_tills_do_not_wait_for_the_bureau(server: Server, upstream: Upstream) -> None:
    """10 tills are answered at once, and their receipts go out side by side."""
    asked, paid = upstream.since(), payments(upstream, CROWD)
    async with upstream.hold("/owners/*") as asking, upstream.hold("/receipts/*") as sending:
        await are_accepted(server, paid)
        await asking.arrivals(owners(paid))
        await is_healthy(server)
        asking.release()
        await sending.arrivals(receipts(paid))
        await is_healthy(server)
    await server.quiet()
    were_made(asked, owners(paid) | receipts(paid))


async def test_a_stop_waits_for_slow_receipts(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Payments before a stop get their receipts, even if the bureau takes its time for both calls."""
    asked, slow_s = upstream.since(), promised.call_s * NEARLY
    upstream.on("/receipts/*", delay_s=slow_s)
    paid = payments(upstream, CROWD, delay_s=slow_s)
    await are_accepted(server, paid)
    await stops(server, 2 * promised.call_s + 3 * promised.default_s)
    were_made(asked, owners(paid) | receipts(paid))


async def test_a_stop_ends_once_no_receipt_is_under_way(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A stop with no receipt under way ends at once, whatever was before."""
    await fail_once(server, upstream)
    for paid in payments(upstream, 1), payments(upstream, 1):
        await are_accepted(server, paid)
        await upstream.arrivals(receipts(paid))
    await server.quiet()
    await stops(server, promised.default_s)


async def test_a_failed_receipt_is_lost_alone(server: Server, upstream: Upstream) -> None:
    """A receipt that fails takes no other with it, however many fail."""
    asked, asking, sending = upstream.since(), payments(upstream, 1), payments(upstream, 1)
    wanted = owners([*asking, *sending]) | receipts([*asking, *sending])
    async with upstream.hold(*paths(owners(asking) | receipts(sending))) as held:
        await are_accepted(server, [*asking, *sending])
        await held.arrivals(owners(asking) | receipts(sending))
        wanted |= await fail_once(server, upstream)
    await upstream.arrivals(receipts(asking))
    for _ in range(POOL // FAILING):
        wanted |= await fail_once(server, upstream)
    async with upstream.hold("/receipts/*") as held:
        later = payments(upstream, CROWD)
        await are_accepted(server, later)
        await held.arrivals(receipts(later))
    await server.quiet()
    were_made(asked, wanted | owners(later) | receipts(later))


async def test_a_receipt_that_fails_at_a_stop_is_lost_alone(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A receipt that fails after the server has been asked to stop takes no other with it."""
    asked, slow_s = upstream.since(), promised.call_s * NEARLY
    upstream.on("/receipts/*", delay_s=slow_s)
    asking, sending = payments(upstream, 3, delay_s=slow_s), payments(upstream, 3)
    lost, calls = failing(upstream, delay_s=promised.call_s / 3)
    await are_accepted(server, [*asking, *sending, *lost])
    await upstream.arrivals(owners(asking) | receipts(sending) | calls)
    await stops(server, 2 * (promised.call_s + promised.default_s))
    sent = [*asking, *sending]
    were_made(asked, owners(sent) | receipts(sent) | calls)


async def test_wrong_payments_are_refused(server: Server, upstream: Upstream) -> None:
    """What is no payment is refused, and the bureau is not called."""
    asked = upstream.since()
    for payment in ("0", "-1", "1.5", "x"):
        expect(await server.post(f"/payments/{payment}", json={"cents": 1})).status(422)
    for body in ({"cents": 0}, {"cents": -1}, {"cents": 1.5}, {"cents": "x"}, {"cents": None}, {}, [], None):
        expect(await server.post("/payments/1", json=body)).status(422)
    await server.quiet()
    were_made(asked, {})
