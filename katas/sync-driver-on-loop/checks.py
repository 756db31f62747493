"""Checks of sync-driver-on-loop. The table is held, so it is seen how many queries are under way at the same time."""

import secrets

import anyio

from grader.checks.api import Pending, Postgres, Promises, Server, expect

AT_ONCE = 5
"""As many as a pool of threads has on the smallest machine: `asyncio.to_thread` has one for each core, and 4 more."""

CROWD = 30
CONNECTIONS = 20
"""Fewer than the crowd has heads, and more than any pool has that nobody has set."""


async def fill(postgres: Postgres, count: int) -> dict[int, int]:
    """Put unpredictable cards into the database; returns the points of each."""
    first = 1 + secrets.randbelow(10**9)
    points = {card: secrets.randbelow(10**9) for card in range(first, first + count)}
    await postgres.execute("INSERT INTO cards VALUES " + ", ".join(map(str, points.items())))
    return points


def come(server: Server, points: dict[int, int]) -> dict[int, Pending]:
    """A customer for each card, all at once."""
    return {card: server.start("GET", f"/cards/{card}") for card in points}


async def all_are_told(customers: dict[int, Pending], points: dict[int, int]) -> None:
    for card, customer in customers.items():
        expect(await customer).status(200).json({"card": card, "points": points[card]})


async def test_points_are_what_the_database_says(server: Server, postgres: Postgres) -> None:
    """Every answer is what the database says at that moment."""
    points = await fill(postgres, 1)
    await all_are_told(come(server, points), points)
    await postgres.execute("UPDATE cards SET points = points + 1")
    after = {card: before + 1 for card, before in points.items()}
    await all_are_told(come(server, after), after)
    expect(await server.get(f"/cards/{max(points) + 1}")).status(404)


async def test_five_queries_run_at_once(server: Server, postgres: Postgres) -> None:
    """The queries of 5 customers run at the same time."""
    points = await fill(postgres, AT_ONCE)
    async with postgres.hold("cards") as held:
        customers = come(server, points)
        await held.arrivals(AT_ONCE)
        await held.release()
        await all_are_told(customers, points)


async def test_health_is_answered_meanwhile(server: Server, postgres: Postgres) -> None:
    """The health check is answered while a query waits."""
    points = await fill(postgres, 1)
    async with postgres.hold("cards") as held:
        customers = come(server, points)
        await held.arrivals(1)
        expect(await server.get("/health")).status(200).json({"status": "ok"})
        await held.release()
        await all_are_told(customers, points)


async def test_a_crowd_is_answered(server: Server, postgres: Postgres, promised: Promises) -> None:
    """30 customers at once are all answered, over at most 20 connections."""
    points = await fill(postgres, CROWD)
    async with postgres.hold("cards") as held:
        customers = come(server, points)
        await held.arrivals(1)
        await anyio.sleep(promised.held_s)
        expect(postgres.connections.peak, "connections to the database open at once").at_most(CONNECTIONS)
        await held.release()
        await all_are_told(customers, points)
