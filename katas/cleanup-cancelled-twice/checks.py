"""Checks of cleanup-cancelled-twice. The tables fail when the check lets them, while the other parts are known to be rendering."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from grader.checks.api import Call, Pending, Server, Upstream, expect

PARTS = ("charts", "tables", "maps")
FAILING, CHARTS, MAPS = "/reports/*/tables", "/reports/*/charts", "/reports/*/maps"
CROWD = 5


def numbers(count: int) -> range:
    """Unpredictable numbers of reports, one after another."""
    first = 1 + secrets.randbelow(10**9)
    return range(first, first + count)


def come(server: Server, report: int) -> Pending:
    return server.start("GET", f"/reports/{report}")


@asynccontextmanager
async def failing_reports(server: Server, upstream: Upstream, count: int) -> AsyncIterator[tuple[list[Pending], list[Call]]]:
    """So many visitors whose tables have just failed, and the calls by which their charts and maps are still being rendered."""
    upstream.on(FAILING, status=500)
    async with upstream.hold(CHARTS, MAPS) as others, upstream.hold(FAILING) as failing:
        visitors = [come(server, report) for report in numbers(count)]
        await failing.arrivals(count)
        calls = await others.arrivals(2 * count)
        failing.release()
        yield visitors, calls


async def all_licences_are_back(upstream: Upstream, count: int) -> None:
    """So many were taken, each was for one part, and each was given back once."""
    taken = [call.value for call in upstream.calls("/licences/take")]
    expect(len(taken), "licences taken").equals(count)
    used = sorted(call.query for call in upstream.calls("/reports/*"))
    expect(used, "the licences under which parts were rendered").equals(sorted(f"licence={number}" for number in taken))
    await upstream.arrivals({f"POST /licences/{number}/release": 1 for number in taken})
    released = sorted(call.path for call in upstream.calls("/licences/*/release"))
    expect(released, "the licences given back").equals(sorted(f"/licences/{number}/release" for number in taken))


async def test_a_report_is_what_the_farm_rendered(server: Server, upstream: Upstream) -> None:
    """A report is what the farm rendered, and all licences come back."""
    for report in numbers(2):
        answer = await come(server, report)
        expect(answer).status(200)
        rendered = {call.path.rpartition("/")[2]: call.value for call in upstream.calls(f"/reports/{report}/*")}
        expect(answer).json({"report": report, **rendered})
    await all_licences_are_back(upstream, 2 * len(PARTS))


async def test_a_failing_part_gives_its_licence_back(server: Server, upstream: Upstream) -> None:
    """When the last part fails, all three licences come back."""
    upstream.on(FAILING, status=500)
    async with upstream.hold(FAILING) as failing, upstream.hold(CHARTS, MAPS) as others:
        visitor = come(server, numbers(1)[0])
        await others.arrivals(2)
        await failing.arrivals(1)
        others.release()
        # The others are answered; when the app has answered this, too, it has read those answers.
        expect(await server.get("/health")).status(200)
    expect(await visitor).status(502)
    await all_licences_are_back(upstream, len(PARTS))


async def test_the_other_parts_give_theirs_back(server: Server, upstream: Upstream) -> None:
    """When one part fails, the licences of the others come back, too."""
    async with failing_reports(server, upstream, 1) as (visitors, _):
        await all_licences_are_back(upstream, len(PARTS))
        expect(await visitors[0]).status(502)


async def test_five_failures_cost_no_licence(server: Server, upstream: Upstream) -> None:
    """5 reports fail at once, and all 15 licences come back."""
    async with failing_reports(server, upstream, CROWD) as (visitors, _):
        await all_licences_are_back(upstream, CROWD * len(PARTS))
        for answer in await server.answers(visitors):
            expect(answer).status(502)


async def test_what_is_still_rendering_is_given_up(server: Server, upstream: Upstream) -> None:
    """When one part fails, nobody waits for the others."""
    async with failing_reports(server, upstream, 1) as (visitors, calls):
        await upstream.given_up(calls)
        expect(await visitors[0]).status(502)
