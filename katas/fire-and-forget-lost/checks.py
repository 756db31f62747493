"""Checks of fire-and-forget-lost. The bureau keeps its answers back until the app has been asked to stop; receipts are counted there."""

import contextlib
import secrets
from collections.abc import AsyncIterator

import anyio

from grader.checks.api import Pending, Server, Upstream, expect

TILLS, OTHERS = 10, 5
PATIENCE_S = 1.5
"""When tills give up where the task grants 1 s, and half a second more. Right apps need some milliseconds."""

STOPPED_S = 0.2
"""So long after it has begun, a server that waits for nothing has shut down: uvicorn itself takes 0.1 s for it."""

FAILED_S = 0.05
"""By then an app that gives all up for one failure has done so: it takes some milliseconds."""

Payments = dict[int, int]  # number of each, and its cents


def payments(count: int) -> Payments:
    """Unpredictable ones."""
    first = 1 + secrets.randbelow(10**9)
    return {number: 1 + secrets.randbelow(10**9) for number in range(first, first + count)}


def bureau_works(upstream: Upstream) -> None:
    upstream.on("/owners/*", json=lambda call: {"mailbox": call.value})


def pay(server: Server, paid: Payments, give_up_s: float = 10.0) -> dict[int, Pending]:
    """A till for each payment, all at once."""
    return {n: server.start("POST", f"/payments/{n}", json={"cents": cents}, give_up_s=give_up_s) for n, cents in paid.items()}


async def are_accepted(tills: dict[int, Pending]) -> None:
    for number, till in tills.items():
        expect(await till).status(202).json({"payment": number})


def receipts_are_sent(upstream: Upstream, paid: Payments) -> None:
    """The bureau has got the receipts of these payments: each once, right, and in full."""
    sent = [[call.path, call.json] for call in upstream.calls("/receipts/*") if not call.left]
    wanted = [[f"/receipts/{n}", {"mailbox": upstream.value(f"/owners/{n}"), "cents": cents}] for n, cents in paid.items()]
    expect(sorted(sent, key=str), "receipts that were sent").equals(sorted(wanted, key=str))


@contextlib.asynccontextmanager
async def stopping(server: Server) -> AsyncIterator[None]:
    """The app has begun all that was sent, then the server has been asked to stop, and has not ended; afterwards it has."""
    ended: list[bool] = []

    async def stop() -> None:
        ended.append((await server.stop()).shutdown_s is not None)

    async with server.lingering() as visitor, anyio.create_task_group() as tasks:
        expect(await server.settle("/health")).status(200)
        tasks.start_soon(stop)
        await visitor.sent_away()
        await server.let_run(STOPPED_S)
        expect(len(ended), "servers that ended before the receipts had been sent").equals(0)
        yield
    expect(sum(ended), "servers that shut down in order").equals(1)


async def test_tills_do_not_wait_for_receipts(server: Server, upstream: Upstream) -> None:
    """10 tills are answered at once, and their receipts are sent."""
    bureau_works(upstream)
    paid = payments(TILLS)
    async with upstream.hold("/owners/*") as held:
        await are_accepted(pay(server, paid, give_up_s=PATIENCE_S))
        held.release()
        await upstream.arrivals("/receipts/*", TILLS)
    receipts_are_sent(upstream, paid)


async def test_a_stop_waits_for_the_receipts(server: Server, upstream: Upstream) -> None:
    """Payments before a stop get their receipts; the app ends after them."""
    bureau_works(upstream)
    paid = payments(TILLS)
    async with upstream.hold("/owners/*") as held:
        tills = pay(server, paid)
        await held.arrivals(1)
        async with stopping(server):
            held.release()
    await are_accepted(tills)
    receipts_are_sent(upstream, paid)


async def test_a_receipt_that_fails_takes_no_other_with_it(server: Server, upstream: Upstream) -> None:
    """A receipt that fails takes no other with it, not at a stop either."""
    bureau_works(upstream)
    failing, paid, later = payments(2), payments(OTHERS), payments(1)
    before, during = (f"/owners/{number}" for number in failing)
    for path in (before, during):
        upstream.on(path, status=503)
    async with upstream.hold(before) as failure, upstream.hold(during) as failure_at_stop, upstream.hold("/owners/*") as held:
        pay(server, failing)
        await failure.arrivals(1)
        tills = pay(server, paid)
        expect(await server.settle("/health")).status(200)
        failure.release()
        tills |= pay(server, later)
        async with stopping(server):
            failure_at_stop.release()
            await server.let_run(FAILED_S)
            held.release()
    await are_accepted(tills)
    receipts_are_sent(upstream, paid | later)
