"""Checks of lost-update. The bank keeps its answers back, so that gifts overlap for certain."""

import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, NamedTuple

from grader.checks.api import Answer, Pending, Promises, Server, Upstream, expect

CROWD, BOXES, FEW, ROUND = 20, 12, 4, 12
"""Gifts to one box at once, boxes, gifts to one box while the bank is slow, and failures at once."""
PAYMENTS, ERRORS = "/payments/*", (500, 502, 503, 504)
STATUSES = (400, 401, 403, 408, 409, 410, 425, 429, 500, 502, 503, 504)
FAILURES: list[dict[str, Any]] = [{"status": 404}, {"status": 503}, {"cut": True}, {"close": True}]


def names(count: int) -> list[str]:
    """Unpredictable names, of boxes and of payments."""
    first = secrets.randbelow(10**9)
    return [f"n-{first + i}" for i in range(count)]


def questions(payments: Iterable[str]) -> dict[str, int]:
    """What the bank is asked for gifts of these payments, each once."""
    return Counter(f"GET /payments/{payment}" for payment in payments)


def body(answer: Answer) -> Any:
    """The JSON, or None if it is none."""
    with suppress(ValueError):
        return json.loads(answer.body)
    return None


class Gift(NamedTuple):
    box: str
    payment: str
    visitor: Pending


class Books:
    """What is in each box: the bank's answers to just these gifts. `doubtful` are gifts whose visitors have left."""

    def __init__(self, server: Server, upstream: Upstream) -> None:
        self.server, self.upstream = server, upstream
        self.cents: dict[str, list[int]] = {}
        self.doubtful: dict[str, list[int]] = {}
        self.given: list[Gift] = []
        upstream.on(PAYMENTS, json=lambda call: {"cents": call.value})

    def give(self, box: str, payment: str | None = None, within_s: float | None = None) -> Gift:
        """A visitor gives this payment, or one that nobody else gives."""
        (payment,) = names(1) if payment is None else [payment]
        visitor = self.server.start("POST", f"/boxes/{box}/gifts", json={"payment": payment}, within_s=within_s)
        self.given.append(Gift(box, payment, visitor))
        return self.given[-1]

    async def receipts(self, *gifts: Gift) -> None:
        """The visitors of these gifts, or of all, have receipts with what the bank was asked and said for each."""
        gifts = gifts or tuple(self.given)
        self.given = [gift for gift in self.given if gift not in gifts]
        answers = await self.server.answers([gift.visitor for gift in gifts])
        for answer in answers:
            expect(answer).status(200)
        calls = await self.upstream.arrivals(questions(gift.payment for gift in gifts))
        said = [(call.path, call.said["cents"]) for call in calls]
        for gift, answer in zip(gifts, answers, strict=True):
            told = [cents for path, cents in said if path == f"/payments/{gift.payment}"]
            cents = next((cents for cents in told if body(answer) == {"payment": gift.payment, "cents": cents}), told[0])
            expect(answer).json({"payment": gift.payment, "cents": cents})
            said.remove((f"/payments/{gift.payment}", cents))
            self.cents[gift.box].append(cents)

    async def are_right(self, *boxes: str, method: str = "GET") -> None:
        """These boxes, or all, have their gifts and no others; PUT opens new ones."""
        for box in boxes or self.cents:
            answer = await self.server.request(method, f"/boxes/{box}")
            rights = [self.cents.get(box, [])]
            for cents in self.doubtful.pop(box, []):
                rights += [[*counted, cents] for counted in rights]
            bodies = [{"box": box, "gifts": len(cents), "cents": sum(cents)} for cents in rights]
            which = bodies.index(body(answer)) if body(answer) in bodies else 0
            expect(answer).status(200).json(bodies[which])
            self.cents[box] = rights[which]

    async def balance(self) -> None:
        """When nothing moves any more, all boxes are right, and the bank was asked nothing else."""
        await self.server.quiet()
        await self.are_right()
        expect(len(self.upstream.surplus), "questions to the bank that no gift needs").equals(0)


@asynccontextmanager
async def under_way(books: Books, promised: Promises, box: str, payments: Sequence[str]) -> AsyncIterator[None]:
    """Visitors give these to a box, the bank answers together when the block ends, and all have their receipts."""
    async with books.upstream.hold(PAYMENTS) as held:
        gifts = [books.give(box, payment, promised.crowd_s) for payment in payments]
        await held.arrivals(1)
        await books.server.settle("/")
        yield
        async with books.server.paused():
            held.release()
    await books.receipts(*gifts)
    await books.are_right(box)


async def are_apart(books: Books, promised: Promises) -> None:
    """While 20 gifts to one box are under way, the bank is asked together for 11 to 11 others, which count."""
    (full, *others), payments = names(BOXES), names(BOXES - 1)
    await books.are_right(full, *others, method="PUT")
    hold = books.upstream.hold(*(f"/payments/{payment}" for payment in payments))
    async with hold as held, under_way(books, promised, full, names(CROWD)):
        gifts = [books.give(box, payment) for box, payment in zip(others, payments, strict=True)]
        await held.arrivals(len(payments))
        held.release()
        await books.receipts(*gifts)
    await books.balance()


async def overlap(books: Books, box: str, place: int) -> None:
    """Of two gifts under way the bank answers the one in this place of its questions; then another one comes."""
    upstream, payments = books.upstream, names(FEW)
    before, coming = len(upstream.calls()), iter(payments)
    async with AsyncExitStack() as stack:
        held = {(path := f"/payments/{one}"): await stack.enter_async_context(upstream.hold(path)) for one in payments}
        books.give(box, next(coming))
        for answered in range(1, len(payments) + 1):
            await upstream.arrivals(PAYMENTS, before + answered)
            if payment := next(coming, ""):
                books.give(box, payment)
            await books.server.settle("/")
            held.pop([call.path for call in upstream.calls() if call.path in held][place]).release()
            await books.server.settle("/")
    await books.receipts()
    await books.are_right(box)


async def some_fail(server: Server, books: Books, boxes: Sequence[str], failing: dict[str, dict[str, Any]]) -> None:
    """These payments fail, others to the same box and to another do not; given again, they all count."""
    for payment, failure in failing.items():
        books.upstream.on(f"/payments/{payment}", **failure, json={"cents": 100}, times=1)
    async with books.upstream.hold(PAYMENTS) as held:
        for box in (boxes[0], *boxes):
            books.give(box)
        gifts = [server.start("POST", f"/boxes/{boxes[0]}/gifts", json={"payment": payment}) for payment in failing]
        books.give(boxes[0])
        await held.arrivals(1)
        await server.settle("/")
    for failure, gift in zip(failing.values(), gifts, strict=True):
        expect(await gift).status(*([404] if failure == FAILURES[0] else ERRORS))
    await books.upstream.arrivals(questions(failing))
    for more in ((), failing):
        for payment in more:
            books.give(boxes[0], payment)
        await books.receipts()
        await books.are_right(*boxes)


async def test_a_gift_counts_what_the_bank_says(server: Server, upstream: Upstream) -> None:
    """A gift counts what the bank says, even 0 cents, and an open box stays as it is."""
    books, (one, other, free) = Books(server, upstream), names(3)
    await books.are_right(one, other, method="PUT")
    upstream.on(f"/payments/{free}", json={"cents": 0})
    for box, payment in ((one, None), (other, None), (one, free), (one, None), (one, free)):
        await books.receipts(books.give(box, payment))
        await books.are_right()
        await books.are_right(method="PUT")
    await books.balance()


async def test_each_gift_counts_by_itself(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A payment counts each time that it is given, and the bank is asked each time."""
    books, (one, other, payment) = Books(server, upstream), names(3)
    await books.are_right(one, other, method="PUT")
    for box in (one, other, one, one):
        await books.receipts(books.give(box, payment))
    async with upstream.hold(f"/payments/{payment}") as held:
        for count, box in enumerate((one, other), 1):
            books.give(box, payment)
            await held.arrivals(count)
    await books.receipts()
    async with under_way(books, promised, one, [payment] * FEW):
        pass
    upstream.on(f"/payments/{payment}", json={"cents": secrets.randbelow(10**6)})
    for _ in range(2):
        await books.receipts(books.give(one, payment))
    await books.balance()


async def test_gifts_count_in_any_order(server: Server, upstream: Upstream) -> None:
    """Gifts that overlap all count, in whatever order the bank answers."""
    books, (box,) = Books(server, upstream), names(1)
    await books.are_right(box, method="PUT")
    for place in (0, -1):
        await overlap(books, box, place)
    await books.balance()


async def test_a_crowd_of_gifts_counts_in_full(server: Server, upstream: Upstream, promised: Promises) -> None:
    """20 gifts to one box at once are all counted, also when the bank answers them together."""
    books, (box,) = Books(server, upstream), names(1)
    await books.are_right(box, method="PUT")
    for _ in range(2):
        async with under_way(books, promised, box, names(CROWD)):
            pass
        await books.receipts(books.give(box))
    await books.balance()


async def test_gifts_wait_for_a_slow_bank(server: Server, upstream: Upstream, promised: Promises) -> None:
    """4 gifts to one box count, even if the bank takes 0.4 s for each."""
    books, (box,), within_s = Books(server, upstream), names(1), FEW * promised.bank_s + promised.default_s
    await books.are_right(box, method="PUT")
    for _ in range(FEW):
        await books.receipts(books.give(box))
    upstream.on(PAYMENTS, json=lambda call: {"cents": call.value}, delay_s=promised.bank_s)
    for _ in range(FEW):
        books.give(box, within_s=within_s)
    await books.receipts()
    await books.balance()


async def test_boxes_do_not_wait_for_one_another(server: Server, upstream: Upstream, promised: Promises) -> None:
    """11 gifts to 11 boxes do not wait for one another, nor for 20 to a twelfth."""
    books = Books(server, upstream)
    await are_apart(books, promised)


async def test_reads_do_not_wait_for_gifts(server: Server, upstream: Upstream, promised: Promises) -> None:
    """While 20 gifts are under way, boxes and /health answer; what the bank has not said does not count."""
    books, (box, other, new) = Books(server, upstream), names(3)
    await books.are_right(box, other, method="PUT")
    await books.receipts(books.give(box))
    async with under_way(books, promised, box, names(CROWD)):
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        await books.are_right()
        await books.are_right(new, method="PUT")
        await books.are_right(method="PUT")
    await books.balance()


async def test_failures_count_nothing(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Payments that are unknown or fail count nothing, and all others count as ever."""
    books, payments, boxes = Books(server, upstream), names(ROUND), names(2)
    await books.are_right(*boxes, method="PUT")
    upstream.on(f"/payments/{payments[0]}", status=404, times=1)
    expect(await server.post(f"/boxes/{boxes[0]}/gifts", json={"payment": payments[0]})).status(404)
    await upstream.arrivals(questions(payments[:1]))
    await books.receipts(books.give(boxes[0], payments[0]))
    unknown, down, cut, closed = ([failure] * (ROUND // 2) for failure in FAILURES)
    for failures in (unknown + down, cut + closed, [{"status": status} for status in STATUSES]):
        await some_fail(server, books, boxes, dict(zip(payments, failures, strict=True)))
    await are_apart(books, promised)


async def test_visitors_who_leave_harm_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A gift whose visitor leaves counts at most once, and all others count as ever."""
    books, boxes = Books(server, upstream), names(BOXES)
    await books.are_right(*boxes, method="PUT")
    async with upstream.hold(PAYMENTS) as held:
        leaving = [books.give(box) for box in boxes]
        calls = await held.arrivals(questions(gift.payment for gift in leaving))
        leaving += [books.give(boxes[0]), books.give(boxes[0])]
        await server.settle("/")
        books.given = [leaving.pop()]
        for gift in reversed(leaving):
            gift.visitor.leave()
        await server.let_run(promised.default_s / 4)  # Whoever looks for leavers has seen them.
        for gift in leaving[:-1]:
            books.give(gift.box, gift.payment)
        await server.settle("/")
    await books.receipts()
    await server.quiet()
    if upstream.calls(f"/payments/{leaving[-1].payment}"):
        calls += await upstream.arrivals(questions([leaving[-1].payment]))
    for gift, call in zip(leaving, calls, strict=False):
        books.doubtful.setdefault(gift.box, []).append(call.said["cents"])
    await are_apart(books, promised)


async def test_refused_gifts_harm_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Boxes that are not open, and names that are none, are refused, and the bank is not asked."""
    books, (closed,), short = Books(server, upstream), names(1), "-z09a"[secrets.randbelow(5)]
    long = f"{closed}-{secrets.token_hex(20)}"[:40]
    await books.are_right(short, long, method="PUT")
    for _ in range(FEW):
        expect(await server.get(f"/boxes/{closed}")).status(404)
        expect(await server.post(f"/boxes/{closed}/gifts", json={"payment": short})).status(404)
        for gift in ({"payment": f"{long}x"}, {"payment": ""}, {"payment": "P-17"}, {"payment": "p_17"}, {}):
            expect(await server.post(f"/boxes/{short}/gifts", json=gift)).status(422)
    for name in ("Oak", "oak_school", f"{long}x"):
        for method in ("PUT", "GET"):
            expect(await server.request(method, f"/boxes/{name}")).status(422)
        expect(await server.post(f"/boxes/{name}/gifts", json={"payment": short})).status(422)
    await books.are_right(closed, method="PUT")
    for box, payment in ((closed, short), (short, long), (long, closed)):
        await books.receipts(books.give(box, payment))
    await are_apart(books, promised)
