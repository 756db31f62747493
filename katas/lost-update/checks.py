"""Checks of lost-update. The bank keeps its answers back, so that gifts overlap for certain; nothing is left to chance or to a clock."""

import secrets

from grader.checks.api import Pending, Server, Upstream, expect

CROWD = 20
BOXES = 5
PATIENCE_S = 1.5
"""When visitors give up where the task grants 1 s, and half a second more. Right apps need some milliseconds."""

ARRIVED_S = 1.5


def names(count: int) -> list[str]:
    """Unpredictable names, of boxes and of payments."""
    first = secrets.randbelow(10**9)
    return [f"n-{first + i}" for i in range(count)]


def bank_knows_all(upstream: Upstream) -> None:
    upstream.on("/payments/*", json=lambda call: {"cents": call.value})


async def opened(server: Server, count: int) -> list[str]:
    """So many boxes, open and empty."""
    boxes = names(count)
    for box in boxes:
        expect(await server.request("PUT", f"/boxes/{box}")).status(200).json({"box": box, "gifts": 0, "cents": 0})
    return boxes


def give(server: Server, box: str, payment: str) -> Pending:
    return server.start("POST", f"/boxes/{box}/gifts", json={"payment": payment})


async def has_receipt(visitor: Pending, payment: str, upstream: Upstream) -> None:
    expect(await visitor).status(200).json({"payment": payment, "cents": upstream.value(f"/payments/{payment}")})


async def holds(server: Server, box: str, payments: list[str], upstream: Upstream) -> None:
    """The box has just these gifts."""
    cents = sum(upstream.value(f"/payments/{payment}") for payment in payments)
    expect(await server.get(f"/boxes/{box}")).status(200).json({"box": box, "gifts": len(payments), "cents": cents})


async def test_a_gift_counts_what_the_bank_says(server: Server, upstream: Upstream) -> None:
    """A gift counts what the bank says; an unknown payment nothing."""
    bank_knows_all(upstream)
    (box,) = await opened(server, 1)
    first, unknown, second = names(3)
    await has_receipt(give(server, box, first), first, upstream)
    await holds(server, box, [first], upstream)
    upstream.on(f"/payments/{unknown}", status=404)
    expect(await give(server, box, unknown)).status(404)
    later = server.start("POST", f"/boxes/{box}/gifts", json={"payment": second}, give_up_s=PATIENCE_S)
    await has_receipt(later, second, upstream)
    await holds(server, box, [first, second], upstream)
    expect(await server.get(f"/boxes/{names(1)[0]}x")).status(404)
    expect(await give(server, f"{box}x", first)).status(404)


async def test_two_gifts_at_the_same_time_both_count(server: Server, upstream: Upstream) -> None:
    """Two gifts that come at the same time both count."""
    bank_knows_all(upstream)
    (box,) = await opened(server, 1)
    first, second = names(2)
    async with upstream.hold(f"/payments/{first}") as asked_first, upstream.hold(f"/payments/{second}") as asked_second:
        one = give(server, box, first)
        await asked_first.arrivals(1)
        other = give(server, box, second)
        expect(await server.settle("/health")).status(200)
        asked_first.release()
        await has_receipt(one, first, upstream)
        asked_second.release()
        await has_receipt(other, second, upstream)
    await holds(server, box, [first, second], upstream)


async def test_a_crowd_of_gifts_counts_in_full(server: Server, upstream: Upstream) -> None:
    """20 gifts to one box at once are all counted."""
    bank_knows_all(upstream)
    (box,) = await opened(server, 1)
    payments = names(CROWD)
    async with upstream.hold("/payments/*") as held:
        visitors = [give(server, box, payment) for payment in payments]
        await held.arrivals(1)
        expect(await server.settle("/health")).status(200)
        held.release()
        for payment, visitor in zip(payments, visitors, strict=True):
            await has_receipt(visitor, payment, upstream)
    await holds(server, box, payments, upstream)


async def test_boxes_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 gifts to 5 boxes at once do not wait for one another."""
    bank_knows_all(upstream)
    gifts = list(zip(await opened(server, BOXES), names(BOXES), strict=True))
    async with upstream.hold("/payments/*") as held:
        visitors = [give(server, box, payment) for box, payment in gifts]
        await held.arrivals(BOXES, deadline_s=ARRIVED_S)
        held.release()
        for (_, payment), visitor in zip(gifts, visitors, strict=True):
            await has_receipt(visitor, payment, upstream)
    for box, payment in gifts:
        await holds(server, box, [payment], upstream)
