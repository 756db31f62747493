"""Checks of threadpool-exhausted. The archive holds its answers, so it is seen how many questions are under way at once."""

import secrets

from grader.checks.api import Answer, Pending, Server, Upstream, expect

READERS = 60
CROWD = 130
THREADS = 120

PATIENCE_S = 1.5
"""When visitors give up. The task grants 1 s where right apps need some milliseconds."""

CROWDED_S = 10.0
"""The same for readers: all 60 are served in 0.1 s on a quiet machine, and in some seconds on a very busy one."""


def deeds(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def archive_knows_all(upstream: Upstream) -> None:
    upstream.on("/deeds/*", json=lambda call: {"page": call.value})


def read(server: Server, count: int) -> dict[int, Pending]:
    """So many readers come at once, each for a deed of their own."""
    return {deed: server.start("GET", f"/deeds/{deed}", give_up_s=CROWDED_S) for deed in deeds(count)}


def is_shown(answer: Answer, deed: int, upstream: Upstream) -> None:
    """The reader gets what the archive said to the last question for this deed."""
    expect(answer).status(200).json({"deed": deed, "page": upstream.value(f"/deeds/{deed}")})


async def a_fee_is_told(server: Server) -> None:
    pages = 1 + secrets.randbelow(10**6)
    expect(await server.get(f"/fees/{pages}", give_up_s=PATIENCE_S)).status(200).json({"pages": pages, "cents": 1200 + 35 * pages})


async def everybody_has_been_let_in(server: Server, upstream: Upstream) -> None:
    """The server has begun whatever it can begin for the readers who have come."""
    await upstream.arrivals("/deeds/*", 1)
    expect(await server.settle("/health", give_up_s=PATIENCE_S)).status(200).json({"status": "ok"})


async def test_a_deed_stands_where_the_archive_says(server: Server, upstream: Upstream) -> None:
    """Deeds are what the archive says at that moment, and fees are right."""
    archive_knows_all(upstream)
    deed, unknown = deeds(2)
    for asked in (1, 2):
        is_shown(await server.get(f"/deeds/{deed}"), deed, upstream)
        expect(len(upstream.calls(f"/deeds/{deed}")), "questions that reached the archive").equals(asked)
    upstream.on("/deeds/*", status=404)
    expect(await server.get(f"/deeds/{unknown}")).status(404)
    await a_fee_is_told(server)
    expect(await server.get("/fees/0")).status(422)


async def test_sixty_deeds_are_fetched_at_once(server: Server, upstream: Upstream) -> None:
    """60 readers at once do not wait for one another."""
    archive_knows_all(upstream)
    async with upstream.hold("/deeds/*") as held:
        readers = read(server, READERS)
        await held.arrivals(READERS, deadline_s=CROWDED_S)
        held.release()
        for deed, reader in readers.items():
            is_shown(await reader, deed, upstream)


async def test_a_fee_is_told_meanwhile(server: Server, upstream: Upstream) -> None:
    """A fee is told within 1 s while 60 deeds are being fetched."""
    archive_knows_all(upstream)
    async with upstream.hold("/deeds/*"):
        read(server, READERS)
        await everybody_has_been_let_in(server, upstream)
        await a_fee_is_told(server)


async def test_threads_stay_few(server: Server, upstream: Upstream) -> None:
    """There are at most 120 threads, also when 130 readers come at once."""
    archive_knows_all(upstream)
    async with upstream.hold("/deeds/*"):
        read(server, CROWD)
        await everybody_has_been_let_in(server, upstream)
        expect(server.sample().threads, "threads of the app").at_most(THREADS)
