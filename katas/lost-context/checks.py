"""Checks of lost-context. Each customer has a price that only the office knows, and the office holds its answers until all have come."""

import secrets
from dataclasses import dataclass

from grader.checks.api import Answer, Call, Pending, Server, Upstream, expect

CROWD = 10


@dataclass(frozen=True)
class Customer:
    """Somebody with a price; who has no key is a guest."""

    name: str
    cents: int
    key: str | None


def some_customers(count: int) -> list[Customer]:
    """A guest first, then customers, all with unpredictable names, keys and prices."""
    first = secrets.randbelow(10**8)
    customers = [Customer(f"c{secrets.token_hex(4)}{i}", first + i, f"k{secrets.token_hex(8)}{i}") for i in range(1, count)]
    return [Customer("guest", first, None), *customers]


def office_knows(upstream: Upstream, customers: list[Customer]) -> None:
    cents = {customer.name: customer.cents for customer in customers}

    def price(call: Call) -> dict[str, object]:
        return {"cents": cents.get(call.headers.get("x-customer", ""), -1)}

    upstream.on("/keys/*", status=404)
    for customer in customers:
        upstream.on(f"/keys/{customer.key}", json={"customer": customer.name})
    upstream.on("/stock/*", json=lambda call: {"pieces": call.value})
    upstream.on("/prices/*", json=price)


def visit(server: Server, customer: Customer, article: int) -> Pending:
    headers = {} if customer.key is None else {"X-Key": customer.key}
    return server.start("GET", f"/articles/{article}", headers=headers)


def is_right(answer: Answer, customer: Customer, article: int, stock: Call) -> None:
    expect(answer).status(200).json({"article": article, "pieces": stock.value, "cents": customer.cents})


async def sees_the_own_price(server: Server, customer: Customer, article: int, upstream: Upstream) -> None:
    """A visitor who comes alone, and for whom the office is asked how many pieces there are."""
    answer = await visit(server, customer, article)
    expect(answer).status(200)
    (stock,) = await upstream.arrivals({f"/stock/{article}": 1})
    is_right(answer, customer, article, stock)


def articles(count: int) -> range:
    """Unpredictable numbers."""
    first = 1 + secrets.randbelow(10**6)
    return range(first, first + count)


async def test_a_customer_sees_the_own_price(server: Server, upstream: Upstream) -> None:
    """A customer sees the price that the office has for this customer."""
    customers = some_customers(3)
    office_knows(upstream, customers)
    article = articles(1)[0]
    for customer in (*customers[1:], customers[1]):
        await sees_the_own_price(server, customer, article, upstream)


async def test_nobody_sees_the_price_of_another_one(server: Server, upstream: Upstream) -> None:
    """A guest sees the list price, and a key that is no more is a 401."""
    guest, customer = customers = some_customers(2)
    office_knows(upstream, customers)
    article, other = articles(2)
    for visitor in (guest, customer):
        expect(await visit(server, visitor, article)).status(200)
    await sees_the_own_price(server, guest, other, upstream)
    office_knows(upstream, [guest])
    expect(await visit(server, Customer("", 0, f"x{secrets.token_hex(8)}"), article)).status(401)
    expect(await visit(server, customer, article)).status(401)


async def test_ten_visitors_at_once_see_their_own_prices(server: Server, upstream: Upstream) -> None:
    """10 visitors at once each see their own price."""
    customers = some_customers(CROWD)
    office_knows(upstream, customers)
    numbers = articles(CROWD)
    async with upstream.hold("/stock/*") as held:
        visitors = [visit(server, customer, article) for customer, article in zip(customers, numbers, strict=True)]
        calls = await held.arrivals({f"/stock/{article}": 1 for article in numbers})
        expect(len(upstream.calls("/prices/*")), "prices asked for before the pieces were told").equals(0)
        held.release()
        for customer, article, visitor, stock in zip(customers, numbers, visitors, calls, strict=True):
            is_right(await visitor, customer, article, stock)


async def test_a_key_that_takes_its_time_keeps_nobody_waiting(server: Server, upstream: Upstream) -> None:
    """Others are served while one visitor's key is looked up."""
    guest, slow, other = customers = some_customers(3)
    office_knows(upstream, customers)
    numbers = articles(3)
    async with upstream.hold(f"/keys/{slow.key}") as held:
        waiting = visit(server, slow, numbers[0])
        await held.arrivals(1)
        is_served = [visit(server, visitor, number) for visitor, number in ((guest, numbers[1]), (other, numbers[2]))]
        for visitor in is_served:
            expect(await visitor).status(200)
        held.release()
        expect(await waiting).status(200)
