"""Checks of @SLUG@. Holds prove that query and call are under way together, so no clock is needed."""

import secrets

from grader.checks.api import Postgres, Server, Upstream, expect


async def fill(postgres: Postgres, count: int) -> dict[int, int]:
    """Put unpredictable items into the warehouse; returns the pieces of each."""
    first = 1 + secrets.randbelow(10**9)
    pieces = {item: 1 + secrets.randbelow(10**9) for item in range(first, first + count)}
    await postgres.execute("INSERT INTO stock VALUES " + ", ".join(map(str, pieces.items())))
    return pieces


async def test_an_offer_is_what_price_service_and_warehouse_say(server: Server, upstream: Upstream, postgres: Postgres) -> None:
    """Every answer is what price service and warehouse say at that moment."""
    pieces = await fill(postgres, 2)
    for sold in (0, 1):
        await postgres.execute(f"UPDATE stock SET pieces = pieces - {sold}")
        for item in pieces:
            answer = await server.get(f"/offers/{item}")
            wanted = {"item": item, "cents": upstream.value(f"/prices/{item}"), "pieces": pieces[item] - sold}
            expect(answer).status(200).json(wanted)
    expect(len(upstream.calls("/prices/*")), "questions that reached the price service").equals(2 * len(pieces))


async def test_price_and_stock_are_asked_for_together(server: Server, upstream: Upstream, postgres: Postgres) -> None:
    """Price service and database are asked at the same time."""
    [(item, pieces)] = (await fill(postgres, 1)).items()
    async with upstream.hold("/prices/*") as calls, postgres.hold("stock") as queries:
        visitor = server.start("GET", f"/offers/{item}")
        await queries.arrivals(1)
        await calls.arrivals(1)
        await queries.release()
        calls.release()
        expect(await visitor).status(200).json({"item": item, "cents": upstream.value(f"/prices/{item}"), "pieces": pieces})
