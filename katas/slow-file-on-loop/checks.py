"""Checks of slow-file-on-loop. Files open, and go on, when the check lets them: so it is seen who has to wait meanwhile."""

import secrets

from grader.checks.api import Answer, Files, Server, expect

READERS = 4
"""A thread for each is there on every machine: asyncio's own pool has five at least."""


def gauges(count: int) -> list[str]:
    """Unpredictable names."""
    first = secrets.randbelow(10**9)
    return [f"g{first + i}" for i in range(count)]


def recorded() -> tuple[bytes, dict[str, int]]:
    """A day's record, and what is to be said of it."""
    heights = [secrets.randbelow(10**6) for _ in range(10 + secrets.randbelow(10))]
    lines = [f"{i:02}:10,{height}\n" for i, height in enumerate(heights)]
    return "".join(lines).encode(), {"readings": len(heights), "highest": max(heights)}


def is_summary(answer: Answer, gauge: str, said: dict[str, int]) -> None:
    expect(answer).status(200).json({"gauge": gauge, **said})


async def others_are_served(server: Server) -> None:
    expect(await server.settle("/health")).status(200).json({"status": "ok"})


async def test_a_summary_is_what_stands_in_the_file(server: Server, files: Files) -> None:
    """A summary is what stands in the gauge's file at that moment."""
    gauge, unknown = gauges(2)
    for _ in range(2):
        record, said = recorded()
        fifo = files.fifo(f"{gauge}.csv")
        visitor = server.start("GET", f"/gauges/{gauge}")
        await fifo.give(record)
        is_summary(await visitor, gauge, said)
        files.remove(f"{gauge}.csv")
        expect(await server.get(f"/gauges/{gauge}")).status(404)
    expect(await server.get(f"/gauges/{unknown}")).status(404)
    expect(await server.get("/gauges/G.1")).status(422)


async def test_others_are_served_while_a_file_is_opened(server: Server, files: Files) -> None:
    """Others are served while a file takes its time to open."""
    (gauge,), (record, said) = gauges(1), recorded()
    fifo = files.fifo(f"{gauge}.csv")
    visitor = server.start("GET", f"/gauges/{gauge}")
    await others_are_served(server)
    await fifo.give(record)
    is_summary(await visitor, gauge, said)


async def test_others_are_served_while_a_file_is_read(server: Server, files: Files) -> None:
    """Others are served while the rest of a file is waited for."""
    (gauge,), (record, said) = gauges(1), recorded()
    fifo = files.fifo(f"{gauge}.csv")
    visitor = server.start("GET", f"/gauges/{gauge}")
    await fifo.opened()
    fifo.feed(record[:40])
    await fifo.taken()
    await others_are_served(server)
    fifo.feed(record[40:])
    fifo.end()
    is_summary(await visitor, gauge, said)


async def test_four_files_are_read_at_once(server: Server, files: Files) -> None:
    """4 readers at once do not wait for one another."""
    names = gauges(READERS)
    fifos = [files.fifo(f"{gauge}.csv") for gauge in names]
    visitors = [server.start("GET", f"/gauges/{gauge}") for gauge in names]
    await files.opened(*fifos)
    for gauge, fifo, visitor in reversed(list(zip(names, fifos, visitors, strict=True))):
        record, said = recorded()
        fifo.feed(record)
        fifo.end()
        is_summary(await visitor, gauge, said)
