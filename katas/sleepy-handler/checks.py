"""Checks of sleepy-handler. Clocks are needed: nothing outside of the app sees it sleep."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from grader.checks.api import Promises, Schedule, Sending, Server, alone, expect

CROWD = 20
"""Together they take 0.1 s and a little, and 0.4 s with 5 threads, as many as asyncio has on one core; one after another they take 2 s. Of
those a busy machine may take half from what counts as the app's own time, and what is left still exceeds the limit."""

PROBES = 10

FEW = 5
"""So many labels are ready by default_s even if they are rendered one after another, which is not the matter of every check."""

PROBES_IN_A_ROW = 20
"""On a busy machine there can be a pause between two visitors in which a health check is answered that waits for one."""

AHEAD, LATER, MOST, RATE = 6, 35, 120, 60
"""Visitors who come before and after a health check, in all, and per second."""

OVERTAKE = 20
"""Of those who come after the health check, 12 can have their labels within health_s."""

FIRST = 3
"""So many visitors of a crowd are awaited where it does not matter how soon the others have their labels."""

STREAM, STREAM_RATE = 10, 50
"""Visitors, of one order or of several, who come while labels of others before them are rendered, some when these are nearly ready."""

REFUSED, REFUSALS, BURSTS = ("0", "-3", "seven", "1.5"), 40, 3
"""Together more refusals than any pool has places."""

STEP = 2**8 * 3**2 * 5**3 * 7 * 11 * 13 * 17 * 19
"""Orders in such steps leave the same rest when they are divided by anything up to 20, and by many larger numbers."""

LENGTHS = (2, 3, 11, 19, 20)
"""Numbers of digits. Each digit of an order counts once or twice, by its place."""


def barcode(order: int) -> str:
    """The order number with its Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(str(order))):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{order}{-total % 10}"


def label(order: int) -> dict[str, object]:
    return {"order": order, "barcode": barcode(order)}


def orders(count: int, step: int = 1) -> list[int]:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return list(range(first, first + count * step, step))


async def is_rendered(server: Server, promised: Promises, order: int) -> None:
    """A visitor who comes alone gets the right label, and not before it can be ready."""
    expect(await server.get(f"/labels/{order}")).status(200).json(label(order)).at_least(promised.render_s)


async def are_rendered(server: Server, promised: Promises, numbers: Sequence[int]) -> None:
    """Visitors who come at once each get the right label, not before it can be ready, be it one after another."""
    within_s = promised.render_s * CROWD
    crowd = await server.burst("GET", "/labels/{n}", count=len(numbers), numbers=numbers, within_s=within_s)
    expect(crowd).statuses(200).json(lambda answer: label(answer.n)).each_at_least(promised.render_s)


async def are_rendered_in_turn(server: Server, promised: Promises, numbers: Sequence[int]) -> None:
    """Visitors who come soon after one another each get the right label, not before it can be ready."""
    stream = Schedule(tuple(Sending(n=order, offset_s=place / STREAM_RATE) for place, order in enumerate(numbers)), connected_first=True)
    crowd = await server.send("GET", "/labels/{n}", stream, within_s=promised.render_s * CROWD)
    expect(crowd).statuses(200).json(lambda answer: label(answer.n)).each_at_least(promised.render_s)


async def first_of_a_crowd(server: Server, promised: Promises, numbers: Sequence[int]) -> int:
    """The first answers to a crowd are labels, and the others leave; returns how many processes there were at most."""
    most, within_s = 0, promised.render_s * CROWD
    visitors = [server.start("GET", f"/labels/{order}", within_s=within_s) for order in numbers]
    for visitor in visitors:
        visitor.begin_patience()
    while sum(visitor.answered for visitor in visitors) < FIRST:
        probe = server.start("GET", "/health")
        probe.excuse()
        await probe
        most = max(most, server.sample().processes)
    for order, visitor in zip(numbers, visitors, strict=True):
        if visitor.answered:
            expect(await visitor).status(200).json(label(order)).at_least(promised.render_s)
        else:
            visitor.leave()
    return most


async def test_a_label_takes_its_time(server: Server, promised: Promises) -> None:
    """A label is right, and the printer gets its 0.1 s."""
    crowd, row = ([10**digits - 1 - secrets.randbelow(9 * 10 ** (digits - 1)) for digits in LENGTHS] for _ in range(2))
    await are_rendered(server, promised, crowd)
    for order in 7, *row[2:]:
        await is_rendered(server, promised, order)


@alone
async def test_labels_are_rendered_together(server: Server, promised: Promises) -> None:
    """20 labels at once take about as long as one."""
    limit_s, same, different = promised.together_s, orders(1) * CROWD, orders(CROWD, STEP)
    for place, numbers in enumerate((same, same, different, different)):
        if place == 2:
            expect(await server.burst("GET", [f"/labels/{number}" for number in REFUSED], count=REFUSALS)).statuses(422)
        crowd = await server.burst("GET", "/labels/{n}", count=CROWD, numbers=numbers, within_s=limit_s, cut_off_s=limit_s)
        right = expect(crowd).statuses(200).json(lambda answer: label(answer.n)).each_at_least(promised.render_s)
        right.within(limit_s, alone_s=promised.render_s)


@alone
async def test_health_is_answered_while_labels_render(server: Server, promised: Promises) -> None:
    """The health check is answered while labels render."""
    labels = [server.start("GET", f"/labels/{order}") for order in range(1, 1 + CROWD)]
    limit_s = promised.health_s
    for _ in range(2):  # Those who come with the labels may be answered first, so others come when a label has had its time.
        probes = await server.burst("GET", "/health", count=PROBES, within_s=limit_s, cut_off_s=limit_s)
        expect(probes).statuses(200).json(lambda _: {"status": "ok"}).within(limit_s)
        await server.let_run(promised.render_s)
    for visitor in labels:
        visitor.leave()


async def test_health_does_not_wait_for_a_pause(server: Server, promised: Promises) -> None:
    """The health check waits for no pause between labels."""
    numbers, visitors = iter(orders(MOST)), []

    async def come() -> None:
        visitors.append(server.start("GET", f"/labels/{next(numbers)}"))
        await server.let_run(1 / RATE)

    for _ in range(AHEAD):
        await come()
    for _ in range(PROBES_IN_A_ROW):
        if len(visitors) + LATER > MOST:
            break
        probe = server.start("GET", "/health", within_s=promised.render_s * CROWD)
        ahead, overtaking = len(visitors), 0
        while not probe.answered and len(visitors) < ahead + LATER:
            overtaking = sum(visitor.answered for visitor in visitors[ahead:])
            await come()
        expect(overtaking, "later visitors whose labels were ready before the health check was answered").at_most(OVERTAKE)
        if not probe.answered:  # Labels stop the event loop, which is not the matter of this check.
            probe.leave()
            break
        expect(await probe).status(200).json({"status": "ok"})
    expect(await visitors[0]).status(200)
    for visitor in visitors[1:]:
        visitor.leave()


async def test_the_same_label_is_rendered_anew(server: Server, promised: Promises) -> None:
    """A label that is asked for again is rendered again."""
    row = orders(FEW - 1)
    for order in row[0], *row:
        await is_rendered(server, promised, order)
    await are_rendered_in_turn(server, promised, [row[-1]] * STREAM)


async def test_labels_share_no_rendering(server: Server, promised: Promises) -> None:
    """A label gets its own 0.1 s while others are being rendered."""
    await are_rendered_in_turn(server, promised, orders(STREAM))


async def test_leavers_change_nothing_for_others(server: Server, promised: Promises) -> None:
    """When visitors leave, others get their labels."""
    leaving = [Sending(n=order, leave_after_s=0) for order in orders(FEW)]
    # Of each order one visitor stays and one leaves at once: sometimes the first one, sometimes the second one.
    mixed = [replace(one, leave_after_s=None if place % 2 else 0) for place, one in enumerate(leaving + leaving[::-1])]
    within_s = promised.after_leavers_s
    crowd = await server.send("GET", "/labels/{n}", Schedule(tuple(mixed), connected_first=True), within_s=within_s)
    for sending, answer in zip(mixed, crowd, strict=True):
        if sending.leave_after_s is None:
            expect(answer).status(200).json(label(answer.n)).at_least(promised.render_s)


async def test_leavers_leave_nothing_behind(server: Server, promised: Promises) -> None:
    """Visitors who have left do not hold up others for long."""
    numbers = orders(CROWD)
    leaving = Schedule(tuple(Sending(n=order, leave_after_s=0) for order in numbers), connected_first=True)
    await server.send("GET", "/labels/{n}", leaving)
    crowd = await server.burst("GET", "/labels/{n}", count=2, numbers=numbers[:2], within_s=promised.after_leavers_s)
    expect(crowd).statuses(200).json(lambda answer: label(answer.n)).each_at_least(promised.render_s)
    await first_of_a_crowd(server, promised, numbers)


async def test_refusals_change_nothing_for_others(server: Server) -> None:
    """Wrong order numbers are refused, and change nothing."""
    (order,) = orders(1)
    for _ in range(BURSTS):
        expect(await server.burst("GET", [f"/labels/{number}" for number in REFUSED], count=REFUSALS)).statuses(422)
    expect(await server.get(f"/labels/{order}")).status(200).json(label(order))


async def test_there_is_one_process(server: Server, promised: Promises) -> None:
    """The server process starts no others."""
    most = await first_of_a_crowd(server, promised, orders(CROWD))
    expect(most, "processes").equals(1)
