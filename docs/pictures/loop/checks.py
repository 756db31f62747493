"""Five scenes, each recorded with a server of its own. No clock is needed, but the pictures want delays that can be
seen.
"""

import anyio

from grader.checks.api import Server, Upstream, expect

VISITORS = 8
READERS = 60
POOL = 40


async def crowd(server: Server, route: str) -> None:
    """Eight visitors at the same moment, and health checks meanwhile."""
    expect(await server.settle("/health")).status(200)
    visitors = [server.start("GET", f"/{route}/{n}") for n in range(1, 1 + VISITORS)]
    expect(await server.steady("GET", "/health", rate_per_s=20, duration_s=0.9)).statuses(200)
    for visitor in visitors:
        expect(await visitor).status(200)


async def test_a_blocked_loop(server: Server) -> None:
    """Scene 1: every handler sleeps on the loop."""
    await crowd(server, "blocking")


async def test_a_loop_that_is_free(server: Server) -> None:
    """Scene 2: every handler awaits."""
    await crowd(server, "awaiting")


async def test_a_pool_of_threads(server: Server, upstream: Upstream) -> None:
    """Scene 3: sixty handlers want threads, and there are forty."""
    upstream.on("/slow/*", delay_s=0.6)
    expect(await server.settle("/health")).status(200)
    readers = [server.start("GET", f"/threads/{n}") for n in range(1, 1 + READERS)]
    await upstream.arrivals("/slow/*", POOL)
    others = [server.start("GET", path) for path in ("/quick", "/health")]
    for visitor in (*others, *readers):
        expect(await visitor).status(200)


async def test_one_after_another_and_together(server: Server, upstream: Upstream) -> None:
    """Scene 4: three questions in a row, and at once."""
    for path, delay_s in (("/price", 0.2), ("/stock", 0.15), ("/rating", 0.25)):
        upstream.on(path, delay_s=delay_s)
    expect(await server.settle("/health")).status(200)
    for route in ("/sequence", "/together"):
        expect(await server.get(route)).status(200)


async def test_what_becomes_of_siblings(server: Server, upstream: Upstream) -> None:
    """Scene 5: one of three questions fails."""
    upstream.on("/price", delay_s=0.5)
    upstream.on("/stock", delay_s=0.15, status=503)
    upstream.on("/rating", delay_s=0.4)
    expect(await server.settle("/health")).status(200)
    for route in ("/together", "/group"):
        expect(await server.get(route)).status(502)
        await anyio.sleep(0.5)
