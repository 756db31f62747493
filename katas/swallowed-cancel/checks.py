"""Checks of swallowed-cancel. Calls are counted at the supplier's side; the silence lasts as long as the check does.

The app's own deadlines are short, so each check has the machine alone.
"""

import secrets

from grader.checks.api import Pending, Promises, Server, Upstream, alone, expect

TRIES = 3


def items(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def come(server: Server, item: int) -> Pending:
    return server.start("GET", f"/offers/{item}")


def last_said(upstream: Upstream, path: str) -> int | None:
    """The value of the last call to this path; None if there was none."""
    values = [call.value for call in upstream.calls(path)]
    return values[-1] if values else None


async def is_offered(server: Server, upstream: Upstream, promised: Promises, item: int) -> None:
    """One visitor, who gets what the supplier said last."""
    answer = await come(server, item)
    wanted = {"item": item, "price": last_said(upstream, f"/prices/{item}"), "days": last_said(upstream, f"/delivery/{item}")}
    expect(answer).status(200, late=504, not_before_s=promised.deadline_s).json(wanted, late={**wanted, "days": None})


async def an_offer_survives_a_stumble(server: Server, upstream: Upstream, promised: Promises) -> None:
    """The first two calls for the price fail, and the visitor gets the offer all the same."""
    item = items(1)[0]
    upstream.on(f"/prices/{item}", status=503, times=TRIES - 1)
    await is_offered(server, upstream, promised, item)


async def are_asked_once(server: Server, upstream: Upstream, promised: Promises, *paths: str) -> None:
    """Nothing more comes about these, also when the deadline has passed and the visitor has the answer."""
    await server.let_run(promised.default_s)
    for path in paths:
        expect(len(upstream.calls(path)), "calls about the same item to a supplier that is silent").at_most(1)


@alone
async def test_a_stumble_is_survived(server: Server, upstream: Upstream, promised: Promises) -> None:
    """A call that fails is tried again, three times in all."""
    await an_offer_survives_a_stumble(server, upstream, promised)
    broken, failing = items(2)
    upstream.on(f"/delivery/{broken}", cut=True, times=TRIES - 1)
    await is_offered(server, upstream, promised, broken)
    upstream.on(f"/prices/{failing}", status=503)
    expect(await come(server, failing)).status(502, late=504, not_before_s=promised.deadline_s)
    expect(len(upstream.calls(f"/prices/{failing}")), "calls to a supplier that fails").equals(TRIES)


@alone
async def test_a_silent_supplier_is_asked_once(server: Server, upstream: Upstream, promised: Promises) -> None:
    """No price in time is a 504, and the supplier is not asked again."""
    item = items(1)[0]
    upstream.on(f"/prices/{item}", never=True)
    answer = await come(server, item)
    await are_asked_once(server, upstream, promised, f"/prices/{item}")
    expect(answer).status(504).at_least(promised.deadline_s)


@alone
async def test_the_silent_call_is_given_up(server: Server, upstream: Upstream) -> None:
    """When the time is over, the app closes the call to the supplier."""
    item = items(1)[0]
    upstream.on(f"/prices/{item}", never=True)
    since = server.now()
    visitor = come(server, item)
    calls = await upstream.arrivals({f"/prices/{item}": 1}, unless=[visitor])
    expect(await visitor).status(504)
    await upstream.given_up(calls, since=since)


@alone
async def test_an_offer_goes_without_delivery(server: Server, upstream: Upstream, promised: Promises) -> None:
    """When only the delivery time is missing, the offer comes without it."""
    item = items(1)[0]
    upstream.on(f"/delivery/{item}", never=True)
    answer = await come(server, item)
    await are_asked_once(server, upstream, promised, f"/delivery/{item}")
    wanted = {"item": item, "price": last_said(upstream, f"/prices/{item}"), "days": None}
    expect(answer).status(200, late=504, not_before_s=promised.deadline_s).json(wanted)


@alone
async def test_silence_about_some_does_no_harm_to_others(server: Server, upstream: Upstream, promised: Promises) -> None:
    """While the calls for 8 visitors are silent, others are served."""
    crowd = items(8)
    without_price, without_delivery = crowd[::2], crowd[1::2]
    for item in without_price:
        upstream.on(f"/prices/{item}", never=True)
    for item in without_delivery:
        upstream.on(f"/delivery/{item}", never=True)
    visitors = {item: come(server, item) for item in crowd}
    await upstream.arrivals({f"/prices/{item}": 1 for item in crowd}, unless=visitors.values())
    calls_for_days = {f"/delivery/{item}": 1 for item in without_delivery}
    await upstream.arrivals(calls_for_days, unless=[visitors[item] for item in without_delivery])
    await an_offer_survives_a_stumble(server, upstream, promised)
    answers = dict(zip(visitors, await server.answers(visitors.values()), strict=True))
    await are_asked_once(server, upstream, promised, *(f"/prices/{item}" for item in without_price))
    for item in without_price:
        expect(answers[item]).status(504)
    for item in without_delivery:
        wanted = {"item": item, "price": last_said(upstream, f"/prices/{item}"), "days": None}
        expect(answers[item]).status(200, late=504, not_before_s=promised.deadline_s).json(wanted)
