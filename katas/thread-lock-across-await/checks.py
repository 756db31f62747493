"""Checks of thread-lock-across-await. The login is held, so that visitors meet at the lock for certain; logins are counted."""

import secrets
from collections.abc import Sequence

from grader.checks.api import Answer, Pending, Server, Upstream, expect

CROWD = 20
AT_ONCE = 10
PATIENCE_S = 1.5
"""When visitors give up where the task grants 1 s, and half a second more. A frozen app never answers."""

ARRIVED_S = 1.5


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


def is_shown(answer: Answer, number: int, upstream: Upstream) -> None:
    """The visitor sees what the accounting service said, asked with a token that it had given out."""
    expect(answer).status(200).json({"invoice": number, "cents": upstream.value(f"/invoices/{number}")})
    tokens = [f"Bearer t{login.value}" for login in upstream.calls("/logins")]
    strange = [call for call in upstream.calls(f"/invoices/{number}") if call.headers.get("authorization") not in tokens]
    expect(len(strange), "questions without a token that a login had given").equals(0)


def there_was_one_login(upstream: Upstream) -> None:
    expect(len(upstream.calls("/logins")), "logins").equals(1)


async def is_healthy(server: Server) -> None:
    """The app answers, and by then has begun all that visitors had sent before."""
    expect(await server.settle("/health", give_up_s=PATIENCE_S)).status(200).json({"status": "ok"})


async def test_invoices_are_shown_with_one_login(server: Server, upstream: Upstream) -> None:
    """Invoices are what accounting says; a refused login is tried again."""
    accounting_works(upstream)
    upstream.on("/logins", status=503, times=1)
    refused, *numbers = invoices(4)
    expect(await server.get(f"/invoices/{refused}")).status(502)
    expect(len(upstream.calls("/logins")), "logins").equals(1)
    for number in numbers:
        is_shown(await server.get(f"/invoices/{number}", give_up_s=PATIENCE_S), number, upstream)
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
        held.release()
        for number, visitor in visitors.items():
            is_shown(await visitor, number, upstream)


async def test_a_crowd_makes_one_login(server: Server, upstream: Upstream) -> None:
    """20 visitors before the login make one login, and all are served."""
    accounting_works(upstream)
    async with upstream.hold("/logins") as held:
        visitors = come(server, invoices(CROWD))
        await held.arrivals(1, deadline_s=ARRIVED_S)
        await is_healthy(server)
        there_was_one_login(upstream)
        held.release()
        for number, visitor in visitors.items():
            is_shown(await visitor, number, upstream)
    there_was_one_login(upstream)


async def test_invoices_do_not_wait_for_one_another(server: Server, upstream: Upstream) -> None:
    """After the login, 10 visitors at once do not wait for one another."""
    accounting_works(upstream)
    earlier, *numbers = invoices(1 + AT_ONCE)
    is_shown(await server.get(f"/invoices/{earlier}"), earlier, upstream)
    async with upstream.hold("/invoices/*") as held:
        visitors = come(server, numbers)
        await held.arrivals(AT_ONCE, deadline_s=ARRIVED_S)
        held.release()
        for number, visitor in visitors.items():
            is_shown(await visitor, number, upstream)
