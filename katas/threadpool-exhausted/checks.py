"""Checks of threadpool-exhausted. The archive holds its answers, so it is seen how many questions are under way at once."""

import secrets
from collections.abc import Iterable

from grader.checks.api import Answer, Call, Hold, Pending, Server, Upstream, expect

READERS = 60
CROWD = 130
THREADS = 120


def deeds(count: int) -> range:
    """Unpredictable numbers, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def archive_knows_all(upstream: Upstream) -> None:
    upstream.on("/deeds/*", json=lambda call: {"page": call.value})


def read(server: Server, count: int) -> dict[int, Pending]:
    """So many readers come at once, each for a deed of their own."""
    return {deed: server.start("GET", f"/deeds/{deed}") for deed in deeds(count)}


def questions(deeds: Iterable[int]) -> dict[str, int]:
    """One question for each of these deeds."""
    return {f"/deeds/{deed}": 1 for deed in deeds}


def is_shown(answer: Answer, deed: int, call: Call) -> None:
    """The reader gets what the archive said to this question."""
    expect(answer).status(200).json({"deed": deed, "page": call.value})


async def a_fee_is_told(server: Server) -> None:
    pages = 1 + secrets.randbelow(10**6)
    expect(await server.get(f"/fees/{pages}")).status(200).json({"pages": pages, "cents": 1200 + 35 * pages})


async def everybody_has_been_let_in(server: Server, held: Hold) -> None:
    """The server has begun whatever it can begin for the readers who have come."""
    await held.arrivals(1)
    expect(await server.settle("/health")).status(200).json({"status": "ok"})


async def all_are_shown(readers: dict[int, Pending], upstream: Upstream) -> None:
    """Nobody is turned away."""
    answers = [await reader for reader in readers.values()]
    for answer in answers:
        expect(answer).status(200)
    for deed, answer, call in zip(readers, answers, await upstream.arrivals(questions(readers)), strict=True):
        is_shown(answer, deed, call)


async def test_a_deed_stands_where_the_archive_says(server: Server, upstream: Upstream) -> None:
    """Deeds are what the archive says at that moment, and fees are right."""
    archive_knows_all(upstream)
    deed, unknown = deeds(2)
    for _ in range(2):
        asked = upstream.since()
        answer = await server.get(f"/deeds/{deed}")
        expect(answer).status(200)
        (call,) = asked.exactly(questions([deed]))
        is_shown(answer, deed, call)
    upstream.on("/deeds/*", status=404)
    expect(await server.get(f"/deeds/{unknown}")).status(404)
    await a_fee_is_told(server)
    expect(await server.get("/fees/0")).status(422)


async def test_sixty_deeds_are_fetched_at_once(server: Server, upstream: Upstream) -> None:
    """60 readers at once do not wait for one another."""
    archive_knows_all(upstream)
    async with upstream.hold("/deeds/*") as held:
        readers = read(server, READERS)
        calls = await held.arrivals(questions(readers))
        held.release()
        for (deed, reader), call in zip(readers.items(), calls, strict=True):
            is_shown(await reader, deed, call)


async def test_a_fee_is_told_meanwhile(server: Server, upstream: Upstream) -> None:
    """A fee is told within 1 s while 60 deeds are being fetched."""
    archive_knows_all(upstream)
    async with upstream.hold("/deeds/*") as held:
        readers = read(server, READERS)
        await everybody_has_been_let_in(server, held)
        await a_fee_is_told(server)
    await all_are_shown(readers, upstream)


async def test_threads_stay_few(server: Server, upstream: Upstream) -> None:
    """There are at most 120 threads, also when 130 readers come at once."""
    archive_knows_all(upstream)
    async with upstream.hold("/deeds/*") as held:
        readers = read(server, CROWD)
        await everybody_has_been_let_in(server, held)
        expect(server.sample().threads, "threads of the app").at_most(THREADS)
    await all_are_shown(readers, upstream)
