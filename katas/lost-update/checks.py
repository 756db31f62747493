"""Checks of lost-update. The bank keeps its answers back, so that gifts overlap for certain; nothing is left to chance or to a clock."""

import secrets
from collections.abc import Iterable, Sequence

from grader.checks.api import Call, Pending, Server, Upstream, expect

CROWD = 20
BOXES = 5


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


def questions(payments: Iterable[str]) -> dict[str, int]:
    """One question about each of these payments."""
    return {f"/payments/{payment}": 1 for payment in payments}


async def have_receipts(visitors: list[Pending], payments: list[str], upstream: Upstream) -> list[Call]:
    """Each visitor is told what the bank said about their payment; returns what the bank was asked."""
    for visitor in visitors:
        visitor.begin_patience()
    answers = [await visitor for visitor in visitors]
    for answer in answers:
        expect(answer).status(200)
    calls = await upstream.arrivals(questions(payments))
    for answer, payment, call in zip(answers, payments, calls, strict=True):
        expect(answer).json({"payment": payment, "cents": call.value})
    return calls


async def holds(server: Server, box: str, gifts: Sequence[Call]) -> None:
    """The box has just these gifts."""
    cents = sum(call.value for call in gifts)
    expect(await server.get(f"/boxes/{box}")).status(200).json({"box": box, "gifts": len(gifts), "cents": cents})


async def test_a_gift_counts_what_the_bank_says(server: Server, upstream: Upstream) -> None:
    """A gift counts what the bank says; an unknown payment nothing."""
    bank_knows_all(upstream)
    (box,) = await opened(server, 1)
    first, unknown, second = names(3)
    gifts = await have_receipts([give(server, box, first)], [first], upstream)
    await holds(server, box, gifts)
    upstream.on(f"/payments/{unknown}", status=404)
    expect(await give(server, box, unknown)).status(404)
    gifts += await have_receipts([give(server, box, second)], [second], upstream)
    await holds(server, box, gifts)
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
        gifts = await have_receipts([one], [first], upstream)
        asked_second.release()
        gifts += await have_receipts([other], [second], upstream)
    await holds(server, box, gifts)


async def test_a_crowd_of_gifts_counts_in_full(server: Server, upstream: Upstream) -> None:
    """20 gifts to one box at once are all counted."""
    bank_knows_all(upstream)
    (box,) = await opened(server, 1)
    payments = names(CROWD)
    async with upstream.hold("/payments/*") as held:
        visitors = [give(server, box, payment) for payment in payments]
        await held.arrivals(1)
        expect(await server.settle("/health")).status(200)
    await holds(server, box, await have_receipts(visitors, payments, upstream))


async def test_boxes_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """5 gifts to 5 boxes at once do not wait for one another."""
    bank_knows_all(upstream)
    boxes, payments = await opened(server, BOXES), names(BOXES)
    async with upstream.hold("/payments/*") as held:
        visitors = [give(server, box, payment) for box, payment in zip(boxes, payments, strict=True)]
        await held.arrivals(BOXES)
    gifts = await have_receipts(visitors, payments, upstream)
    for box, gift in zip(boxes, gifts, strict=True):
        await holds(server, box, [gift])
