"""Checks of find-the-blocker. The directory holds its answers, so it is seen who has to wait; the journal is what the app prints."""

import secrets
from typing import Any

import anyio

from grader.checks.api import Call, Pending, Promises, Server, Upstream, expect

MISSING = CROWD = 12
STOCKTAKINGS = 3

Loans = dict[int, int]  # the badge of who has it, by tool


def some_loans(count: int) -> Loans:
    """Unpredictable tools and badges."""
    tool, badge = 1 + secrets.randbelow(10**6), 1 + secrets.randbelow(10**9)
    return {tool + i: badge + i for i in range(count)}


def named(call: Call) -> dict[str, str]:
    """What the directory says to this call."""
    return {"name": f"Person {call.value}"}


def person(upstream: Upstream, badge: int) -> dict[str, object]:
    """A badge and the name that the directory gave last."""
    names = [named(call) for call in upstream.calls(f"/people/{badge}")]
    return {"badge": badge, **(names[-1] if names else {})}


async def lend(server: Server, upstream: Upstream, loans: Loans) -> None:
    """All of these at once; the directory knows everybody, and each visitor is told the name."""
    upstream.on("/people/*", json=named)
    visitors = [server.start("POST", f"/tools/{tool}/loans", json={"badge": badge}) for tool, badge in loans.items()]
    for (tool, badge), visitor in zip(loans.items(), visitors, strict=True):
        expect(await visitor).status(201).json({"tool": tool, **person(upstream, badge)})


def take_stock(server: Server) -> Pending:
    return server.start("POST", "/stocktakings")


async def journal(server: Server, event: str, count: int) -> list[dict[str, Any]]:
    """The lines about such events, as soon as there are so many."""
    await server.printed(f'"{event}"', count)
    return [line for line in server.printed_objects if line.get("event") == event]


async def test_the_journal_has_what_happened(server: Server, upstream: Upstream) -> None:
    """Tools come and go as ever, and the journal names who has them now."""
    loan = some_loans(1)
    ((tool, badge),) = loan.items()
    await lend(server, upstream, loan)
    expect(await server.post(f"/tools/{tool}/loans", {"badge": badge})).status(409)
    for time in (1, 2):
        asked = len(upstream.calls())
        expect(await take_stock(server)).status(200).json({"missing": 1})
        lines = await journal(server, "missing", time)
        expect(len(upstream.calls()) - asked, "questions to the directory for this stocktaking").equals(1)
        line = {"event": "missing", "tool": tool, "holder": person(upstream, badge)}
        expect(lines[time - 1 :], "the lines about what is missing now").equals([line])
    visitor = await server.get(f"/people/{badge}")
    expect(visitor).status(200).json({**person(upstream, badge), "tools": [tool]})
    expect(await server.request("DELETE", f"/tools/{tool}/loans")).status(200).json({"tool": tool, "badge": None})
    expect(await server.request("DELETE", f"/tools/{tool}/loans")).status(404)
    for event in ("lent", "returned"):
        expect(await journal(server, event, 1), f"what was {event}").equals([{"event": event, "tool": tool, "badge": badge}])


async def test_others_are_served_while_the_directory_is_slow(server: Server, upstream: Upstream) -> None:
    """12 people at once are served while the directory is slow for others."""
    everybody = list(some_loans(2 + CROWD).items())
    missing, wanted = dict(everybody[:2]), dict(everybody[2:])
    await lend(server, upstream, missing)
    async with upstream.hold(*(f"/people/{badge}" for badge in missing.values())) as held:
        stocktakings = [take_stock(server) for _ in range(STOCKTAKINGS)]
        await held.arrivals(1)
        expect(await server.settle("/health")).status(200).json({"status": "ok"})
        await lend(server, upstream, wanted)
        held.release()
        for stocktaking in stocktakings:
            expect(await stocktaking).status(200).json({"missing": len(missing)})


async def test_no_line_is_lost(server: Server, upstream: Upstream) -> None:
    """12 tools are missing, and the journal has one line for each."""
    missing = some_loans(MISSING)
    await lend(server, upstream, missing)
    expect(await take_stock(server)).status(200).json({"missing": MISSING})
    seen = [[line.get("tool"), line.get("holder")] for line in await journal(server, "missing", MISSING)]
    wanted = [[tool, person(upstream, badge)] for tool, badge in missing.items()]
    expect(sorted(seen, key=str), "tools that are missing, and who has them").equals(sorted(wanted, key=str))


async def test_a_stop_waits_for_the_journal(server: Server, upstream: Upstream, promised: Promises) -> None:
    """What was asked before a stop is in the journal when the app ends."""
    missing = some_loans(1)
    await lend(server, upstream, missing)
    ended: list[bool] = []

    async def stop() -> None:
        ended.append((await server.stop()).shutdown_s is not None)

    async with upstream.hold("/people/*") as held:
        stocktaking = take_stock(server)
        await held.arrivals(1)
        async with server.lingering() as visitor, anyio.create_task_group() as tasks:
            expect(await server.settle("/health")).status(200)
            tasks.start_soon(stop)
            await visitor.sent_away()
            await server.let_run(promised.directory_s)
            expect(len(ended), "servers that ended before the journal was written").equals(0)
            held.release()
    expect(await stocktaking).status(200).json({"missing": 1})
    expect(sum(ended), "servers that shut down in order").equals(1)
    await journal(server, "missing", 1)
