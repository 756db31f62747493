"""Checks of swallowed-cancel. Calls are counted at the supplier's side; the silence lasts as long as the check does."""

import secrets

from grader.checks.api import Pending, Server, Upstream, expect

TRIES = 3
DEADLINE_S = 0.25
"""What the app grants for an offer as a whole; a 504 before that is none of the clock."""

PATIENCE_S = 0.5
"""How long a visitor bears with the app, and the supplier with the call. The task grants 0.4 s; right apps need 0.25 s."""


def items(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def come(server: Server, item: int) -> Pending:
    return server.start("GET", f"/offers/{item}", patience_s=PATIENCE_S)


async def is_offered(server: Server, upstream: Upstream, item: int) -> None:
    """One visitor, who gets what the supplier said last."""
    answer = await come(server, item)
    wanted = {"item": item, "price": upstream.value(f"/prices/{item}"), "days": upstream.value(f"/delivery/{item}")}
    expect(answer).status(200, late=504, not_before_s=DEADLINE_S).json(wanted, late={**wanted, "days": None})


async def an_offer_survives_a_stumble(server: Server, upstream: Upstream) -> None:
    """It takes all tries and the pauses between: what the app still had in mind to do before, it has done afterwards."""
    item = items(1)[0]
    upstream.on(f"/prices/{item}", status=503, times=TRIES - 1)
    await is_offered(server, upstream, item)


async def is_asked_once(server: Server, upstream: Upstream, pattern: str) -> None:
    """Nothing more comes about these, also when the deadline has passed and the visitor has the answer."""
    await an_offer_survives_a_stumble(server, upstream)
    for path in {call.path for call in upstream.calls(pattern)}:
        expect(len(upstream.calls(path)), "calls about the same item to a supplier that is silent").at_most(1)


async def test_a_stumble_is_survived(server: Server, upstream: Upstream) -> None:
    """A call that fails is tried again, three times in all."""
    await an_offer_survives_a_stumble(server, upstream)
    broken, failing = items(2)
    upstream.on(f"/delivery/{broken}", cut=True, times=TRIES - 1)
    await is_offered(server, upstream, broken)
    upstream.on(f"/prices/{failing}", status=503)
    expect(await come(server, failing)).status(502, late=504, not_before_s=DEADLINE_S)
    expect(len(upstream.calls(f"/prices/{failing}")), "calls to a supplier that fails").equals(TRIES)


async def test_a_silent_supplier_is_asked_once(server: Server, upstream: Upstream) -> None:
    """No price in time is a 504, and the supplier is not asked again."""
    item = items(1)[0]
    upstream.on(f"/prices/{item}", never=True)
    answer = await come(server, item)
    await is_asked_once(server, upstream, f"/prices/{item}")
    expect(answer).status(504)


async def test_the_silent_call_is_given_up(server: Server, upstream: Upstream) -> None:
    """When the time is over, the app closes the call to the supplier."""
    item = items(1)[0]
    upstream.on(f"/prices/{item}", never=True)
    visitor = come(server, item)
    await upstream.departures(f"/prices/{item}", 1, patience_s=PATIENCE_S, unless=[visitor])


async def test_an_offer_goes_without_delivery(server: Server, upstream: Upstream) -> None:
    """When only the delivery time is missing, the offer comes without it."""
    item = items(1)[0]
    upstream.on(f"/delivery/{item}", never=True)
    answer = await come(server, item)
    await is_asked_once(server, upstream, f"/delivery/{item}")
    wanted = {"item": item, "price": upstream.value(f"/prices/{item}"), "days": None}
    expect(answer).status(200, late=504, not_before_s=DEADLINE_S).json(wanted)


async def test_silence_about_some_does_no_harm_to_others(server: Server, upstream: Upstream) -> None:
    """While the calls for 8 visitors are silent, others are served."""
    crowd = items(8)
    without_price, without_delivery = crowd[::2], crowd[1::2]
    for item in without_price:
        upstream.on(f"/prices/{item}", never=True)
    upstream.on("/delivery/*", never=True, times=len(without_delivery))
    visitors = {item: come(server, item) for item in crowd}
    await upstream.arrivals("/prices/*", len(crowd), unless=visitors.values())
    await upstream.arrivals("/delivery/*", len(without_delivery), unless=[visitors[item] for item in without_delivery])
    await an_offer_survives_a_stumble(server, upstream)
    answers = {item: await visitor for item, visitor in visitors.items()}
    for item in without_price:
        await is_asked_once(server, upstream, f"/prices/{item}")
        expect(answers[item]).status(504)
    for item in without_delivery:
        wanted = {"item": item, "price": upstream.value(f"/prices/{item}"), "days": None}
        expect(answers[item]).status(200, late=504, not_before_s=DEADLINE_S).json(wanted)
