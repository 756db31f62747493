"""Checks of thread-lock-across-await. The login is held, so that visitors meet at the lock for certain; logins are counted."""

import secrets
from collections.abc import Iterable, Sequence

from grader.checks.api import Call, Pending, Server, Upstream, expect

CROWD = 20
AT_ONCE = 10


def invoices(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def accounting_works(upstream: Upstream) -> None:
    upstream.on("/logins", json=lambda call: {"token": f"t{call.value}"})
    upstream.on("/invoices/*", json=lambda call: {"cents": call.value})


def come(server: Server, numbers: Sequence[int]) -> dict[int, Pending]:
    """A visitor for each invoice, all at once."""
    return {number: server.start("GET", f"/invoices/{number}") for number in numbers}


def questions(numbers: Iterable[int]) -> dict[str, int]:
    """One question about each of these invoices."""
    return {f"/invoices/{number}": 1 for number in numbers}


async def all_are_shown(visitors: dict[int, Pending], upstream: Upstream) -> None:
    """Each visitor sees what the accounting service said, asked with a token that it had given out."""
    for visitor in visitors.values():
        visitor.begin_patience()
    answers = [await visitor for visitor in visitors.values()]
    for answer in answers:
        expect(answer).status(200)
    calls: list[Call] = await upstream.arrivals(questions(visitors))
    for number, answer, call in zip(visitors, answers, calls, strict=True):
        expect(answer).json({"invoice": number, "cents": call.value})
    tokens = [f"Bearer t{login.value}" for login in upstream.calls("/logins")]
    strange = [call for call in upstream.calls("/invoices/*") if call.headers.get("authorization") not in tokens]
    expect(len(strange), "questions without a token that a login had given").equals(0)


def there_was_one_login(upstream: Upstream) -> None:
    expect(len(upstream.calls("/logins")), "logins").equals(1)


async def is_healthy(server: Server) -> None:
    """The app answers, and by then has begun all that visitors had sent before."""
    expect(await server.settle("/health")).status(200).json({"status": "ok"})


async def test_invoices_are_shown_with_one_login(server: Server, upstream: Upstream) -> None:
    """Invoices are what accounting says; a refused login is tried again."""
    accounting_works(upstream)
    upstream.on("/logins", status=503, times=1)
    refused, *numbers = invoices(4)
    expect(await server.get(f"/invoices/{refused}")).status(502)
    expect(len(upstream.calls("/logins")), "logins").equals(1)
    for number in numbers:
        await all_are_shown(come(server, [number]), upstream)
    expect(len(upstream.calls("/logins")), "logins, with the one that was refused").equals(2)


async def test_health_is_answered_during_the_login(server: Server, upstream: Upstream) -> None:
    """While visitors wait for the login, the health check is answered."""
    accounting_works(upstream)
    first, *others = invoices(3)
    async with upstream.hold("/logins") as held:
        visitors = come(server, [first])
        await held.arrivals(1)
        visitors |= come(server, others)
        await is_healthy(server)
    await all_are_shown(visitors, upstream)


async def test_a_crowd_makes_one_login(server: Server, upstream: Upstream) -> None:
    """20 visitors before the login make one login, and all are served."""
    accounting_works(upstream)
    async with upstream.hold("/logins") as held:
        visitors = come(server, invoices(CROWD))
        await held.arrivals(1)
        await is_healthy(server)
        there_was_one_login(upstream)
    await all_are_shown(visitors, upstream)
    there_was_one_login(upstream)


async def test_invoices_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """After the login, 10 visitors at once do not wait for one another."""
    accounting_works(upstream)
    earlier, *numbers = invoices(1 + AT_ONCE)
    await all_are_shown(come(server, [earlier]), upstream)
    async with upstream.hold("/invoices/*") as held:
        visitors = come(server, numbers)
        await held.arrivals(AT_ONCE)
    await all_are_shown(visitors, upstream)
