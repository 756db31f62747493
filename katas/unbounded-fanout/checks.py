"""Checks of unbounded-fanout. Calls are held and counted at the wholesaler's; only the waiting for a turn takes a while."""

import secrets
from collections.abc import Iterable, Sequence

import anyio

from grader.checks.api import Answer, Call, Pending, Promises, Server, Upstream, alone, expect

PLACES, FAILURES, LOOKS = 10, 5, 10


def items(count: int) -> list[int]:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return list(range(first, first + count))


def all_have_prices(upstream: Upstream) -> None:
    upstream.on("/prices/*", json=lambda call: {"cents": call.value})


def ask(server: Server, wanted: list[int]) -> Pending:
    return server.start("POST", "/price-lists", json={"items": wanted})


def questions(items: Iterable[int]) -> dict[str, int]:
    return {f"/prices/{item}": 1 for item in items}


def is_priced(answer: Answer, wanted: list[int], calls: Sequence[Call]) -> None:
    expect(answer).status(200).json([{"item": item, "cents": call.value} for item, call in zip(wanted, calls, strict=True)])


async def all_are_priced(visitors: list[Pending], lists: list[list[int]], upstream: Upstream) -> None:
    """Each list has the prices that the wholesaler told for it, in the order of the question."""
    for visitor, wanted in zip(visitors, lists, strict=True):
        expect(answer := await visitor).status(200)
        is_priced(answer, wanted, await upstream.arrivals(questions(wanted)))


async def nothing_more_is_sent(server: Server) -> None:
    """A server that has answered so often has also sent what it had to send: each answer is several turns of its event loop."""
    for _ in range(LOOKS):
        expect(await server.get("/health")).status(200)


async def calls_stay_below_the_limit(server: Server, upstream: Upstream, lists: list[list[int]]) -> None:
    """Ten calls are under way at once, and no more; then all lists are answered."""
    all_have_prices(upstream)
    async with upstream.hold("/prices/*") as held:
        visitors = [ask(server, wanted) for wanted in lists]
        await held.arrivals(PLACES)
        await nothing_more_is_sent(server)
    await all_are_priced(visitors, lists, upstream)
    expect(upstream.peak("/prices/*"), "calls to the wholesaler under way at once").at_most(PLACES)


async def test_a_list_has_the_prices_of_this_moment(server: Server, upstream: Upstream) -> None:
    """A list has the prices of this moment; a failure is a 502."""
    all_have_prices(upstream)
    *wanted, unknown, failing = items(5)
    upstream.on(f"/prices/{unknown}", status=404)
    upstream.on(f"/prices/{failing}", status=503)
    for _ in range(2):
        asked = upstream.since()
        is_priced(await ask(server, wanted), wanted, asked.exactly(questions(wanted)))
    expect(await ask(server, [unknown])).status(200).json([{"item": unknown, "cents": None}])
    expect(await ask(server, [*wanted, failing])).status(502)


@alone
async def test_one_list_makes_ten_calls_at_once(server: Server, upstream: Upstream) -> None:
    """A list of 20 has 10 calls under way at once, and no more."""
    await calls_stay_below_the_limit(server, upstream, [items(20)])


@alone
async def test_all_lists_together_make_ten_calls_at_once(server: Server, upstream: Upstream) -> None:
    """4 visitors at once share the 10 calls."""
    await calls_stay_below_the_limit(server, upstream, [items(6) for _ in range(4)])


@alone
async def test_a_list_waits_for_its_turn(server: Server, upstream: Upstream, promised: Promises) -> None:
    """Calls may wait 0.5 s for their turn; that is no failure."""
    all_have_prices(upstream)
    wanted = items(20)
    async with upstream.hold("/prices/*") as held:
        visitor = ask(server, wanted)
        await held.arrivals(1)
        await anyio.sleep(promised.held_s)
        await nothing_more_is_sent(server)
    await all_are_priced([visitor], [wanted], upstream)


async def test_a_slow_price_holds_up_only_itself(server: Server, upstream: Upstream) -> None:
    """One slow price holds up neither the rest of its list nor others."""
    all_have_prices(upstream)
    wanted, other = items(16), items(4)
    async with upstream.hold(f"/prices/{wanted[0]}") as held:
        delayed, prompt = ask(server, wanted), ask(server, other)
        calls = await upstream.arrivals(questions(wanted))
        await all_are_priced([prompt], [other], upstream)
        held.release()
        is_priced(await delayed, wanted, calls)


async def test_failures_cost_no_places(server: Server, upstream: Upstream) -> None:
    """After 5 calls that broke off, 10 are under way at once as ever."""
    all_have_prices(upstream)
    for item in items(FAILURES):
        upstream.on(f"/prices/{item}", cut=True)
        expect(await ask(server, [item])).status(502)
    wanted = items(PLACES)
    async with upstream.hold("/prices/*") as held:
        visitor = ask(server, wanted)
        await held.arrivals(PLACES)
    await all_are_priced([visitor], [wanted], upstream)
