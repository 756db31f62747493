"""Checks of sleepy-handler. A clock is needed: nothing outside of the app sees it sleep."""

import secrets

from grader.checks.api import Promises, Server, alone, expect

CROWD = 20
"""Together they take 0.1 s and a little, for which 0.4 s are left; one after another they take 2 s. Of those a busy machine may take half
from what counts as the app's own time, and what is left is still twice the limit."""

PROBE_RATE = 25

ROW = 4
"""Visits one after another: on a busy machine a single answer can take 0.1 s although nothing was rendered for it."""


def barcode(order: int) -> str:
    """The order number with its Luhn check digit."""
    total = 0
    for place, digit in enumerate(reversed(str(order))):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return f"{order}{-total % 10}"


def label(order: int) -> dict[str, object]:
    return {"order": order, "barcode": barcode(order)}


async def test_a_label_takes_its_time(server: Server, promised: Promises) -> None:
    """A label is right, and the printer gets its 0.1 s."""
    first = 1 + secrets.randbelow(10**9)
    for order in range(first, first + ROW):
        expect(await server.get(f"/labels/{order}")).status(200).json(label(order)).at_least(promised.render_s)
    expect(await server.get("/labels/0")).status(422)


@alone
async def test_labels_are_rendered_together(server: Server, promised: Promises) -> None:
    """20 labels at once take about as long as one."""
    crowd = await server.burst("GET", "/labels/{n}", count=CROWD, cut_off_s=promised.together_s)
    right = expect(crowd).statuses(200).json(lambda answer: label(answer.n)).each_at_least(promised.render_s)
    right.within(promised.together_s, alone_s=promised.render_s)


@alone
async def test_health_is_answered_while_labels_render(server: Server, promised: Promises) -> None:
    """The health check is answered at once while labels render."""
    labels = [server.start("GET", f"/labels/{order}") for order in range(1, 1 + CROWD)]
    # Probes come for as long as four labels take: after those that were rendered first, and when most of the labels wait.
    probes = await server.steady("GET", "/health", rate_per_s=PROBE_RATE, duration_s=4 * promised.render_s, cut_off_s=promised.health_s)
    expect(probes).statuses(200).json(lambda _: {"status": "ok"}).each_within(promised.health_s)
    for pending in labels:
        expect(await pending).status(200)


async def test_the_same_label_is_rendered_anew(server: Server, promised: Promises) -> None:
    """A label that is asked for again is rendered again."""
    order = 1 + secrets.randbelow(10**9)
    for _ in range(2):
        expect(await server.get(f"/labels/{order}")).status(200).json(label(order)).at_least(promised.render_s)
    crowd = await server.burst("GET", "/labels/{n}", count=4, numbers=[order] * 4)
    expect(crowd).statuses(200).json(lambda _: label(order)).each_at_least(promised.render_s)
