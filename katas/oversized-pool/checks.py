"""Checks of oversized-pool. The table is held, so that all visitors need a connection at the same moment: a certain race."""

import contextlib
import secrets
from collections.abc import AsyncIterator

import anyio

from grader.checks.api import Pending, Postgres, Promises, Server, expect

SHARE = 10
AT_ONCE = 8
CROWD = 30
WORKERS = 2


async def fill(postgres: Postgres, count: int) -> dict[int, int]:
    """Put unpredictable items into the database; returns the pieces of each."""
    first = 1 + secrets.randbelow(10**9)
    pieces = {item: secrets.randbelow(10**9) for item in range(first, first + count)}
    await postgres.execute("INSERT INTO stock VALUES " + ", ".join(map(str, pieces.items())))
    return pieces


async def tell(server: Server, item: int, pieces: int) -> None:
    """One visitor, who gets what the database says."""
    expect(await server.get(f"/stock/{item}")).status(200).json({"item": item, "pieces": pieces})


def come(server: Server, pieces: dict[int, int]) -> dict[int, Pending]:
    """A visitor for each item, all at once; both workers get the same number of them."""
    return {item: server.start("GET", f"/stock/{item}") for item in pieces}


async def all_are_told(visitors: dict[int, Pending], pieces: dict[int, int]) -> None:
    for item, visitor in visitors.items():
        expect(await visitor).status(200).json({"item": item, "pieces": pieces[item]})


@contextlib.asynccontextmanager
async def waiting_crowd(
    server: Server, postgres: Postgres, promised: Promises, pieces: dict[int, int]
) -> AsyncIterator[dict[int, Pending]]:
    """Visitors whom both workers have taken in, while no query is answered; afterwards the database goes on."""
    async with postgres.hold("stock") as held:
        visitors = come(server, pieces)
        await held.arrivals(1)
        for _ in range(WORKERS):
            expect(await server.get("/health")).status(200)
        await anyio.sleep(promised.held_s)
        await held.release()
        yield visitors


async def test_stock_is_what_the_database_says(server: Server, postgres: Postgres) -> None:
    """Every answer is what the database says at that moment."""
    pieces = await fill(postgres, 1)
    for (item, before), change in zip([*pieces.items()] * 2, (0, 1), strict=True):
        await postgres.execute(f"UPDATE stock SET pieces = pieces + {change}")
        for _ in range(WORKERS):
            await tell(server, item, before + change)
    expect(await server.get(f"/stock/{max(pieces) + 1}")).status(404)


async def test_connections_are_kept(server: Server, postgres: Postgres) -> None:
    """30 visitors, one after another, need at most 10 connections."""
    pieces = await fill(postgres, CROWD)
    for item in pieces:
        await tell(server, item, pieces[item])
    expect(postgres.connections.opened, "connections opened to the database").at_most(SHARE)


async def test_eight_queries_run_at_once(server: Server, postgres: Postgres) -> None:
    """The queries of 8 visitors run at the same time."""
    pieces = await fill(postgres, AT_ONCE)
    async with postgres.hold("stock") as held:
        visitors = come(server, pieces)
        await held.arrivals(AT_ONCE)
        await held.release()
        await all_are_told(visitors, pieces)


async def test_a_crowd_is_answered(server: Server, postgres: Postgres, promised: Promises) -> None:
    """30 visitors at once are all answered, also by a slow database."""
    pieces = await fill(postgres, CROWD)
    async with waiting_crowd(server, postgres, promised, pieces) as visitors:
        await all_are_told(visitors, pieces)


async def test_the_app_keeps_to_its_share(server: Server, postgres: Postgres, promised: Promises) -> None:
    """With 30 visitors at once, never more than 10 connections are open."""
    pieces = await fill(postgres, CROWD)
    async with waiting_crowd(server, postgres, promised, pieces) as visitors:
        expect(postgres.connections.peak, "connections to the database open at once").at_most(SHARE)
        await all_are_told(visitors, pieces)
    expect(postgres.connections.peak, "connections to the database open at once").at_most(SHARE)
