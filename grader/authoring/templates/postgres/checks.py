"""Checks of @SLUG@. The table is held, so that all visitors' queries wait at the same time; no clock is needed."""

import secrets

from grader.checks.api import Postgres, Server, expect

AT_ONCE = 5
VISITORS = 20
CONNECTIONS = 5


async def fill(postgres: Postgres, count: int) -> dict[int, int]:
    """Put unpredictable shows on sale; returns the seats of each."""
    first = 1 + secrets.randbelow(10**9)
    seats = {show: secrets.randbelow(10**9) for show in range(first, first + count)}
    await postgres.execute("INSERT INTO shows VALUES " + ", ".join(map(str, seats.items())))
    return seats


async def test_seats_are_what_the_database_says(server: Server, postgres: Postgres) -> None:
    """Every answer is what the database says at that moment."""
    seats = await fill(postgres, 2)
    for sold in (0, 1):
        await postgres.execute(f"UPDATE shows SET seats = seats - {sold}")
        for show in seats:
            expect(await server.get(f"/shows/{show}")).status(200).json({"show": show, "seats": seats[show] - sold})
    expect(await server.get(f"/shows/{max(seats) + 1}")).status(404)


async def test_five_queries_run_at_once(server: Server, postgres: Postgres) -> None:
    """5 visitors at once do not wait for one another."""
    seats = await fill(postgres, AT_ONCE)
    async with postgres.hold("shows") as held:
        visitors = {show: server.start("GET", f"/shows/{show}") for show in seats}
        await held.arrivals(AT_ONCE)
        await held.release()
        for show, visitor in visitors.items():
            expect(await visitor).status(200).json({"show": show, "seats": seats[show]})


async def test_connections_are_kept(server: Server, postgres: Postgres) -> None:
    """20 visitors, one after another, need at most 5 connections."""
    seats = await fill(postgres, VISITORS)
    for show in seats:
        expect(await server.get(f"/shows/{show}")).status(200).json({"show": show, "seats": seats[show]})
    expect(postgres.connections.opened, "connections opened to the database").at_most(CONNECTIONS)
