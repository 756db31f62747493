"""Checks of cpu-on-loop. Not how long it takes, but which process spends the CPU seconds: so a busy machine changes nothing.

Who knows the two primes needs no squarings; the app does not know them.
"""

import secrets

from grader.checks.api import Promises, Sample, Server, alone, expect

P = 0xC27532170A5D742DC164598395149FF27074BEBC45C4754BD07E88AEE6846741
Q = 0xD98A94B88713DE6BC14F023C998DE91A695D0664A1A5D70582058DBB995C05BD
MODULUS = P * Q

BIDS = 6
SQUARINGS = 30_000
"""Some 0.015 s of one core. The server's own part in a bid is a tenth of that."""

FOR_LONG = 1_000_000
"""Some 0.5 s of one core, in which ten health checks are answered with 0.01 s of it. Only wrong apps get to the end of it."""


def sealed(squarings: int, seal: int | None = None) -> tuple[dict[str, object], dict[str, str]]:
    """A bid, by default with a seal that nobody has seen before, and what it says when it is opened."""
    seal = seal or 2 + secrets.randbelow(MODULUS - 2)
    key = pow(seal, pow(2, squarings, (P - 1) * (Q - 1)), MODULUS)
    return {"modulus": f"{MODULUS:x}", "seal": f"{seal:x}", "squarings": squarings}, {"key": f"{key:x}"}


async def is_healthy(server: Server) -> None:
    """The health check is answered. Asked first, so that nobody has a bidder's patience with an app that answers nothing."""
    expect(await server.settle("/health")).status(200).json({"status": "ok"})


async def open_at_once(server: Server, promised: Promises) -> None:
    """Six bidders come in the same moment, and each gets the right key."""
    bids = [sealed(SQUARINGS) for _ in range(BIDS)]
    bidders = [server.start("POST", "/bids/open", json=bid, within_s=promised.opened_s) for bid, _ in bids]
    for bidder, (_, key) in zip(bidders, bids, strict=True):
        expect(await bidder).status(200).json(key)


async def around_six_bids(server: Server, promised: Promises) -> tuple[Sample, Sample]:
    """What was spent before and after six bids, when six like them have been opened already: what is kept, is there."""
    await is_healthy(server)
    await open_at_once(server, promised)
    before = server.sample()
    await open_at_once(server, promised)
    return before, server.sample()


def spent_s(before: Sample, after: Sample) -> float:
    return after.cpu_s - before.cpu_s


def percent(part: float, whole: float) -> int:
    return round(100 * part / max(whole, 0.001))


async def test_a_bid_is_opened(server: Server, promised: Promises) -> None:
    """An opened bid has the right key."""
    await is_healthy(server)
    seal = 2 + secrets.randbelow(MODULUS - 2)
    for squarings in (1, 1000):
        bid, key = sealed(squarings, seal)
        expect(await server.post("/bids/open", bid, within_s=promised.opened_s)).status(200).json(key)
    expect(await server.post("/bids/open", {**bid, "squarings": 0})).status(422)


@alone
async def test_health_does_not_wait_for_a_bid(server: Server, promised: Promises) -> None:
    """The health check is answered while a bid is being opened."""
    bidder = server.start("POST", "/bids/open", json=sealed(FOR_LONG)[0], within_s=promised.opened_s)
    await is_healthy(server)
    expect(int(bidder.answered), "bids that were over before the health check was answered").equals(0)
    bidder.leave()


@alone
async def test_bids_are_opened_outside_the_server_process(server: Server, promised: Promises) -> None:
    """At least half of the CPU seconds are spent in other processes."""
    before, after = await around_six_bids(server, promised)
    outside_s = spent_s(before, after) - (after.own_cpu_s - before.own_cpu_s)
    expect(percent(outside_s, spent_s(before, after)), "share of the CPU seconds spent in other processes", "%").at_least(50)


@alone
async def test_the_processes_are_kept(server: Server, promised: Promises) -> None:
    """At least half are spent in processes that were there before."""
    before, after = await around_six_bids(server, promised)
    kept_s = sum(after.children[pid] - before.children[pid] for pid in before.children.keys() & after.children.keys())
    expect(percent(kept_s, spent_s(before, after)), "share of the CPU seconds spent in processes that were kept", "%").at_least(50)
