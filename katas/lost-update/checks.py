"""Checks of lost-update. The bank keeps its answers back, so that gifts overlap for certain."""

import json
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any, NamedTuple

from grader.checks.api import Answer, Pending, Promises, Server, Upstream, expect

CROWD, BOXES, FEW, ROUND = 20, 12, 4, 12
"""Gifts under way at most, boxes, gifts to one box while the bank is slow, and failures of a kind."""
PAYMENTS, ERRORS = "/payments/*", (500, 502, 503, 504)
FAILURES: list[list[dict[str, Any]]] = [[{"status": 404}] * ROUND, [{"cut": True}, {"close": True}] * (ROUND // 2), []]
STATUSES = ((408, 400, 403, 410), (429, 409, 422, 425), (*range(500, 509), 510, 511, *ERRORS))


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
    """What is in each box: the bank's answers to just these gifts. Those that are `doubtful` may be in it or not."""

    def __init__(self, server: Server, upstream: Upstream, promised: Promises) -> None:
        self.server, self.upstream, self.promised = server, upstream, promised
        self.cents, self.doubtful = dict[str, list[int]](), dict[str, list[int]]()
        self.given, self.leavers = list[Gift](), list[Gift]()
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
        boxes = boxes or tuple(self.cents)
        visitors = [self.server.start(method, f"/boxes/{box}") for box in boxes]
        for box, answer in zip(boxes, await self.server.answers(visitors), strict=True):
            rights = [self.cents.setdefault(box, [])]
            for cents in self.doubtful.get(box, []):
                rights += [[*counted, cents] for counted in rights]
            bodies = [{"box": box, "gifts": len(cents), "cents": sum(cents)} for cents in rights]
            expect(answer).status(200).json(body(answer) if body(answer) in bodies else bodies[0])

    async def balance(self, *, later: bool = False) -> None:
        """All boxes are right, and the bank was asked nothing else; `later`, when nothing moves any more."""
        if later:
            await self.server.quiet()
        for box, payment, _ in self.leavers:
            if self.upstream.calls(f"/payments/{payment}"):
                (call,) = await self.upstream.arrivals(questions([payment]))
                self.doubtful.setdefault(box, []).append(call.said["cents"])
        await self.are_right()
        expect(len(self.upstream.surplus), "questions to the bank that no gift needs").equals(0)


@asynccontextmanager
async def under_way(books: Books, box: str, payments: Sequence[str]) -> AsyncIterator[None]:
    """Visitors give these to a box, the bank answers together when the block ends, and all have their receipts."""
    async with books.upstream.hold(PAYMENTS) as held:
        gifts = [books.give(box, payment, books.promised.crowd_s) for payment in payments]
        await held.arrivals(1)
        await books.server.settle("/")
        yield
        async with books.server.paused():
            held.release()
    await books.receipts(*gifts)


async def are_apart(books: Books) -> None:
    """While 9 gifts to one box are under way, the bank is asked together for 11 to the 11 others, and all count."""
    (full, *new), payments = names(BOXES - len(books.cents)), names(BOXES - 1)
    others = [*books.cents, *new]
    await books.are_right(full, *new, method="PUT")
    first, rest = (books.upstream.hold(*(f"/payments/{one}" for one in some)) for some in (payments[:1], payments[1:]))
    async with first as one, rest as held, under_way(books, full, names(CROWD - BOXES)):
        gifts = [books.give(box, payment) for box, payment in zip(others, payments, strict=True)]
        await held.arrivals(len(payments) - 1)
        await one.arrivals(1)
        last = books.give(full, within_s=books.promised.crowd_s)
        expect(await books.server.get("/health")).status(200)  # So the last gift is under way, too.
        for kept, some in ((one, gifts[:1]), (held, gifts[1:])):
            kept.release()
            await books.receipts(*some)
    await books.receipts(last)
    await books.balance(later=True)


async def some_fail(books: Books, boxes: Sequence[str], failing: dict[str, dict[str, Any]]) -> None:
    """These payments fail, others to the same box and to another do not; those that are given again count."""
    crowd_s, server, (last,), path = books.promised.crowd_s, books.server, names(1), f"/boxes/{boxes[0]}/gifts"
    for payment, failure in failing.items():
        books.upstream.on(f"/payments/{payment}", **failure, json={"cents": 100}, times=1)
    async with books.upstream.hold(f"/payments/{last}") as kept:
        async with books.upstream.hold(PAYMENTS) as held:
            for box in boxes:
                books.give(box, within_s=crowd_s)
            gifts = [server.start("POST", path, json={"payment": payment}, within_s=crowd_s) for payment in failing]
            books.give(boxes[0], last, crowd_s)
            await held.arrivals(1)
            await server.settle("/")
        await kept.arrivals(1, within_s=crowd_s)
        books.give(boxes[0], within_s=crowd_s)
        await server.settle("/")
    for failure, answer in zip(failing.values(), await server.answers(gifts), strict=True):
        expect(answer).status(*([404] if failure == {"status": 404} else ERRORS))
    await books.upstream.arrivals(questions(failing))
    await books.receipts()
    await books.receipts(*[books.give(boxes[0], payment, crowd_s) for payment in [*failing][::FEW]])
    await books.are_right(*boxes)


async def test_a_gift_counts_what_the_bank_says(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A gift counts what the bank says, even 0 cents, and an open box stays as it is."""
    books, (one, other, free) = Books(server, upstream, promised), names(3)
    await books.are_right(one, other, method="PUT")
    upstream.on(f"/payments/{free}", json={"cents": 0})
    for box, payment in ((one, None), (other, None), (one, free), (one, None), (one, free)):
        await books.receipts(books.give(box, payment))
        await books.are_right()
    await books.are_right(method="PUT")
    await books.balance()


async def test_each_gift_counts_by_itself(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A payment counts each time that it is given, and the bank is asked each time."""
    books, (one, other, payment) = Books(server, upstream, promised), names(3)
    await books.are_right(one, other, method="PUT")
    for box in (one, other, one, one):
        await books.receipts(books.give(box, payment))
    async with upstream.hold(f"/payments/{payment}") as held:
        for count, box in enumerate((one, other), 1):
            books.give(box, payment)
            await held.arrivals(count)
    await books.receipts()
    async with under_way(books, one, [payment] * FEW):
        pass
    upstream.on(f"/payments/{payment}", json={"cents": secrets.randbelow(10**6)})
    for _ in range(2):
        await books.receipts(books.give(one, payment))
    await books.balance(later=True)


async def test_gifts_count_in_any_order(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Gifts that overlap all count, in whatever order the bank answers."""
    books, (box, *payments) = Books(server, upstream, promised), names(6)
    await books.are_right(box, method="PUT")
    async with AsyncExitStack() as stack:
        held = {(path := f"/payments/{one}"): await stack.enter_async_context(upstream.hold(path)) for one in payments}
        books.give(box, payments[0])
        for answered, place in enumerate((0, -1, 0, -1, 0), 1):  # Of two questions, which one is answered first.
            await upstream.arrivals(PAYMENTS, answered)
            for payment in payments[answered : answered + 1]:
                books.give(box, payment)
            await server.settle("/")
            held.pop(path := [call.path for call in upstream.calls() if call.path in held][place]).release()
            if place:
                await server.settle("/")
            else:
                await books.receipts(*(gift for gift in books.given if path.endswith(gift.payment)))
    await books.receipts()
    await books.balance()


async def test_gifts_wait_for_a_slow_bank(server: Server, upstream: Upstream, promised: Promises) -> None:
    """4 gifts to one box count, even if the bank takes 1 s for each, and it is asked once for each."""
    books, (box,), within_s = Books(server, upstream, promised), names(1), FEW * promised.bank_s + promised.default_s
    await books.are_right(box, method="PUT")
    for _ in range(FEW):
        await books.receipts(books.give(box))
    upstream.on(PAYMENTS, json=lambda call: {"cents": call.value}, delay_s=promised.bank_s)
    for payment in (slow := names(FEW))[::2]:  # Of these the first byte comes at once.
        upstream.on(f"/payments/{payment}", json=lambda call: {"cents": call.value}, drip_s=promised.bank_s)
    await books.receipts(*[books.give(box, payment, within_s) for payment in slow])
    await server.quiet(promised.default_s / 2)  # No other check has left the bank alone for so long.
    await books.balance()


async def test_visitors_who_leave_harm_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A gift whose visitor leaves counts at most once, and all others count as ever."""
    books, boxes, crowd_s = Books(server, upstream, promised), names(ROUND // 2), promised.crowd_s
    await books.are_right(*boxes, method="PUT")
    async with upstream.hold(PAYMENTS) as held:
        first = [books.give(box) for box in boxes]
        calls = await held.arrivals(questions(gift.payment for gift in first))
        second = books.leavers = [books.give(box) for box in boxes]
        books.given.clear()
        books.give(boxes[0], within_s=crowd_s)
        await server.settle("/")
        for gift in reversed(first + second):
            gift.visitor.leave()
        await server.let_run(promised.default_s / FEW)  # Whoever looks for leavers has seen them.
        for gift in first:
            books.give(gift.box, gift.payment, crowd_s)
        await server.settle("/")
    await books.receipts()
    await server.let_run(promised.default_s / 2)
    for gift, call in zip(first, calls, strict=True):
        books.doubtful.setdefault(gift.box, []).append(call.said["cents"])
    await are_apart(books)


async def test_failures_count_nothing(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Payments that are unknown or fail count nothing, and all others count as ever."""
    books, payments, boxes = Books(server, upstream, promised), names(CROWD - FEW), names(2)
    await books.are_right(*boxes, method="PUT")
    upstream.on(f"/payments/{payments[0]}", status=404, times=1)
    expect(await server.post(f"/boxes/{boxes[0]}/gifts", json={"payment": payments[0]})).status(404)
    await upstream.arrivals(questions(payments[:1]))
    await books.receipts(books.give(boxes[0], payments[0]))
    for failures, statuses in zip(FAILURES, STATUSES, strict=True):
        await some_fail(books, boxes, dict(zip(payments, [*failures, *({"status": status} for status in statuses)], strict=False)))
    await are_apart(books)


async def test_boxes_do_not_wait_for_one_another(server: Server, upstream: Upstream, promised: Promises) -> None:
    """11 gifts to 11 boxes do not wait for one another, nor for 9 to a twelfth."""
    await are_apart(Books(server, upstream, promised))


async def test_refused_gifts_harm_nobody(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Boxes that are not open, and names that are none, are refused, and the bank is not asked."""
    books, (closed,), short = Books(server, upstream, promised), names(1), "-z09a"[secrets.randbelow(5)]
    await books.are_right(short, long := f"{closed}-{secrets.token_hex(20)}"[:40], method="PUT")
    requests: list[tuple[int, str, str, Any]] = [(404, "GET", closed, None), (422, "POST", f"{short}/gifts", {})]
    wrong = (f"{long}x", "", "P-17", "p_17", "p 17", "p-17\n", "\u00e4")
    requests += [(404, "POST", f"{closed}/gifts", {"payment": short})] * FEW
    requests += [(422, "POST", f"{short}/gifts", {"payment": name}) for name in wrong]
    for name in ("Oak", "oak_school", "o%C3%A4k", f"{long}x"):
        requests += [(422, "PUT", name, None), (422, "GET", name, None), (422, "POST", f"{name}/gifts", {"payment": short})]
    for _ in range(ROUND // FEW):
        visitors = [server.start(method, f"/boxes/{path}", json=gift) for _, method, path, gift in requests]
        for (status, *_), answer in zip(requests, await server.answers(visitors), strict=True):
            expect(answer).status(status)
    await books.are_right(closed, method="PUT")
    for box, payment in ((closed, short), (short, long), (long, closed)):
        await books.receipts(books.give(box, payment))
    await are_apart(books)


async def test_reads_do_not_wait_for_gifts(server: Server, upstream: Upstream, promised: Promises) -> None:
    """While 20 gifts are under way, boxes and /health answer; what the bank has not said does not count."""
    books, (box, other, new) = Books(server, upstream, promised), names(3)
    await books.are_right(box, other, method="PUT")
    await books.receipts(books.give(other))
    async with under_way(books, box, names(CROWD - 1)):
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        await books.are_right()
        await books.are_right(*books.cents, new, method="PUT")
        last = books.give(box, within_s=promised.crowd_s)
        await server.settle("/")
    await books.receipts(last, books.give(box))
    await books.balance()
    upstream.on(f"/payments/{new}", drip_s=CROWD * promised.default_s, json={"cents": 100})  # The first byte comes at once.
    visitor = server.start("POST", f"/boxes/{other}/gifts", json={"payment": new})
    await upstream.arrivals(f"/payments/{new}", 1)
    await server.settle("/")
    await books.are_right()
    visitor.leave()
