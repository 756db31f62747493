"""Checks of exception-group-500. Which status, and which questions are given up, does not depend on time; no clock."""

import secrets
from collections.abc import Iterable, Sequence

from grader.checks.api import Answer, Call, Server, Upstream, expect

SERVICES = {"grams": "items", "cents": "prices", "pieces": "stock"}
EACH = 3
"""So many of the crowd ask for a product of each kind."""


def products(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def questions(products: Iterable[int]) -> dict[str, int]:
    """One question about each of these products to each service."""
    return {f"/{service}/{product}": 1 for product in products for service in SERVICES.values()}


def is_shown(answer: Answer, product: int, calls: Sequence[Call]) -> None:
    """The visitor has got what the services said to these calls."""
    values = {name: call.value for name, call in zip(SERVICES, calls, strict=True)}
    expect(answer).status(200).json({"product": product, **values})


async def test_known_products_and_faults_are_as_before(server: Server, upstream: Upstream) -> None:
    """A product is what the services say; a fault of theirs stays a 500."""
    known, *faulty = products(4)
    for _ in range(2):
        asked = upstream.since()
        answer = await server.get(f"/products/{known}")
        expect(answer).status(200)
        is_shown(answer, known, asked.exactly(questions([known])))
    for product, service in zip(faulty, SERVICES.values(), strict=True):
        upstream.on(f"/{service}/{product}", status=500)
        expect(await server.get(f"/products/{product}")).status(500)


async def test_a_refusal_is_told_at_once(server: Server, upstream: Upstream) -> None:
    """A 404 or 503 of the item service is passed on within 1 s."""
    refused = dict(zip(products(2), (404, 503), strict=True))
    for product, status in refused.items():
        upstream.on(f"/items/{product}", status=status)
    async with upstream.hold("/prices/*", "/stock/*"):
        visitors = {product: server.start("GET", f"/products/{product}") for product in refused}
        answers = await server.answers(visitors.values())
        for status, answer in zip(refused.values(), answers, strict=True):
            expect(answer).status(status)


async def test_a_refused_offer_is_told_too(server: Server, upstream: Upstream) -> None:
    """A 404 or 503 of the price or stock service is passed on, too."""
    for service in ("prices", "stock"):
        for product, status in zip(products(2), (404, 503), strict=True):
            upstream.on(f"/{service}/{product}", status=status)
            expect(await server.get(f"/products/{product}")).status(status)


async def test_a_refusal_ends_the_other_questions(server: Server, upstream: Upstream) -> None:
    """When one service refuses, the questions to the others are ended."""
    first, second = products(2)
    refused = [f"/items/{first}", f"/stock/{second}"]
    for path in refused:
        upstream.on(path, status=404)
    async with upstream.hold(*refused) as refusals, upstream.hold("*") as others:
        visitors = [server.start("GET", f"/products/{product}") for product in (first, second)]
        await refusals.arrivals(2)
        calls = await others.arrivals({path: 1 for path in questions([first, second]) if path not in refused})
        since = refusals.release()
        await upstream.given_up(calls, since=since)
        for answer in await server.answers(visitors):
            expect(answer).status(404)


async def test_a_crowd_gets_each_its_own_answer(server: Server, upstream: Upstream) -> None:
    """Of 12 visitors at once each gets the answer for their own product."""
    crowd = products(4 * EACH)
    known, unknown, without_stock, busy = (crowd[kind::4] for kind in range(4))
    wanted = {**dict.fromkeys(unknown, 404), **dict.fromkeys(without_stock, 404), **dict.fromkeys(busy, 503)}
    for product, status in wanted.items():
        upstream.on(f"/stock/{product}" if product in without_stock else f"/*/{product}", status=status)
    async with upstream.hold("*") as held:
        visitors = {product: server.start("GET", f"/products/{product}") for product in crowd}
        calls = await held.arrivals(questions(crowd))
        held.release()
        for visitor in visitors.values():
            visitor.begin_patience()
        for product in known:
            at = crowd.index(product) * len(SERVICES)
            is_shown(await visitors[product], product, calls[at : at + len(SERVICES)])
        for product, status in wanted.items():
            expect(await visitors[product]).status(status)
