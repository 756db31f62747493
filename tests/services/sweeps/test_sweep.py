"""Sweeps: three uses, each with a right app that passes and wrong ones that do not."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from grader.checks.api import Answer, Call, Pending, Server, Upstream, expect
from grader.measure.attempt import AttemptContext
from grader.measure.claims import ClaimMissed
from grader.measure.gates import GateMissed
from grader.services.sweeps.case import Kind
from grader.services.upstream import running_upstream
from tests.conftest import Serve, listening_socket
from tests.services.sweeps.apps import HEAD, MORNINGS, PAYMENTS, SLOW_READER, TRIPS, WRONG
from tests.waiting import HANG_S, until

SEEN_S = 1.0
"""What is promised where an app is wrong: the longer, the longer it takes to see that."""

POOL = 5
"""Connections of a small app. Its failures must be more than this, and it can serve few visitors at once."""

FAILURES: tuple[Kind, ...] = ("status", "cut")


@pytest.fixture
async def upstream(attempt: AttemptContext) -> AsyncIterator[Upstream]:
    with listening_socket() as listening:
        async with running_upstream(listening, attempt) as upstream:
            yield upstream


def trip_is_priced(key: int, calls: list[Call], answer: Answer) -> None:
    expect(answer).status(200).json([call.said["value"] for call in calls])


async def sweep_trips(server: Server, upstream: Upstream, within_s: float, small: bool) -> int:
    """Each search fails in each way; returns how many cases passed."""
    passed = 0

    def visit(key: int) -> Pending:
        return server.start("GET", f"/trips/{key}", within_s=within_s)

    async for case in upstream.sweep(
        visit,
        lambda key: {f"/{name}/{key}": 1 for name in ("flights", "hotels", "cars")},
        again=trip_is_priced,
        how=FAILURES * (3 if small else 1),
        within_s=within_s,
        at_once=1 if small else None,
        twin=not small,
    ):
        struck = await case.strike()
        await upstream.given_up(case.silent, since=struck, within_s=within_s)
        expect(await case.visitor).status(502)
        passed += 1
    return passed


def morning_is_whole(key: int, calls: list[Call], answer: Answer) -> None:
    weather, _, room = calls
    expect(answer).status(200).json([weather.said["value"], room.said["value"]])


async def sweep_mornings(server: Server, upstream: Upstream, within_s: float, small: bool) -> int:
    """Any service fails; then the page is right again."""
    upstream.on("/meetings/*", json=lambda call: {"value": 7 * int(call.path.split("/")[-1])})
    passed = 0
    async for case in upstream.sweep(
        lambda key: server.start("GET", f"/mornings/{key}", within_s=within_s),
        lambda key: [{f"/weather/{key}": 1, f"/meetings/{key}": 1}, {f"/rooms/{7 * key}": 1}],
        others=("answered",),
        again=morning_is_whole,
        how=FAILURES * (3 if small else 1),
        within_s=within_s,
        at_once=1 if small else None,
    ):
        await case.strike()
        passed += 1
    return passed


async def sweep_payments(server: Server, upstream: Upstream, within_s: float, small: bool) -> int:
    """Either call for a receipt fails; the till is told 202, and the next receipt is sent."""
    upstream.on("/owners/*", json=lambda call: {"value": 7 * int(call.path.split("/")[-1])})
    passed = 0
    async for case in upstream.sweep(
        lambda key: server.start("POST", f"/payments/{key}", within_s=within_s),
        lambda key: [{f"GET /owners/{key}": 1}, {f"POST /receipts/{key}": [{"mailbox": 7 * key}]}],
        again=lambda key, calls, answer: expect(answer).status(202),
        how=FAILURES * (3 if small else 1),
        within_s=within_s,
        at_once=1 if small else None,
    ):
        await case.strike()
        expect(await case.visitor).status(202)
        passed += 1
    return passed


Use = Callable[[Server, Upstream, float, bool], Awaitable[int]]
USES: list[tuple[str, Use, int]] = [
    (TRIPS, sweep_trips, 12),
    (MORNINGS, sweep_mornings, 6),
    (PAYMENTS, sweep_payments, 4),
]


@pytest.mark.slow
@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize(("route", "use", "cases"), USES)
async def test_a_right_app_passes(
    serve: Serve, upstream: Upstream, route: str, use: Use, cases: int, small: bool
) -> None:
    environ = {"UPSTREAM_URL": upstream.url} | ({"POOL": str(POOL)} if small else {})
    async with serve(HEAD + route, **environ) as server:
        assert await use(server, upstream, HANG_S, small) == cases * (3 if small else 1)
        assert server.attendance.unlooked() == []


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize(("route", "use", "cases"), USES)
async def test_a_wrong_app_does_not_pass(
    serve: Serve, upstream: Upstream, route: str, use: Use, cases: int, wrong: str
) -> None:
    small = wrong == "leaks"
    environ = {"UPSTREAM_URL": upstream.url} | ({"POOL": str(POOL)} if small else {})
    async with serve(HEAD + WRONG[wrong] + route, **environ) as server:
        with pytest.raises((GateMissed, ClaimMissed)):
            await use(server, upstream, SEEN_S, small)


def of_a_trip(key: int) -> dict[str, int]:
    return {f"/{name}/{key}": 1 for name in ("flights", "hotels", "cars")}


@pytest.mark.slow
async def test_a_silent_call_ends_when_the_app_has_waited_as_long_as_it_may(
    serve: Serve, upstream: Upstream
) -> None:
    how_long_s = 4.0
    async with serve(HEAD + TRIPS, UPSTREAM_URL=upstream.url, TIMEOUT=str(how_long_s)) as server:
        async for case in upstream.sweep(
            lambda key: server.start("GET", f"/trips/{key}", within_s=HANG_S),
            of_a_trip,
            how=["silent"],
            others=["answered"],
            how_long_s=how_long_s,
        ):
            struck = await case.strike()
            await upstream.given_up([case.call], since=struck)
            expect(await case.visitor).status(502)


@pytest.mark.slow
async def test_a_case_that_the_app_has_given_up_meanwhile_is_made_again(
    serve: Serve, upstream: Upstream
) -> None:
    struck = []
    async with serve(HEAD + TRIPS, UPSTREAM_URL=upstream.url, TIMEOUT="2") as server:
        async for case in upstream.sweep(
            lambda key: server.start("GET", f"/trips/{key}", within_s=HANG_S),
            of_a_trip,
            how=["status"],
            others=["answered"],
        ):
            assert case.call.open
            struck.append(case.call.path.split("/")[1])
            if len(struck) == 1:
                await until(lambda: not any(call.open for call in upstream.calls()))
            await case.strike()
            expect(await case.visitor).status(502)
        assert server.attendance.unlooked() == []
    assert struck == ["flights", "hotels", "cars"]


async def test_no_slow_call_takes_longer_because_of_the_cases_before_it(
    serve: Serve, upstream: Upstream
) -> None:
    async with serve(HEAD + TRIPS, UPSTREAM_URL=upstream.url) as server:
        sweep = upstream.sweep(
            lambda key: server.start("GET", f"/trips/{key}", within_s=HANG_S),
            of_a_trip,
            how=["slow"],
            others=["answered"],
            how_long_s=0.2,
        )
        await anext(sweep)
        await until(lambda: not any(call.open for call in upstream.calls()))


@pytest.mark.slow
async def test_a_slow_call_is_good_and_a_leaver_harms_nobody(
    serve: Serve, upstream: Upstream
) -> None:
    kinds = []
    async with serve(HEAD + TRIPS, UPSTREAM_URL=upstream.url) as server:
        async for case in upstream.sweep(
            lambda key: server.start("GET", f"/trips/{key}", within_s=HANG_S),
            of_a_trip,
            how=["slow", "leaver"],
            how_long_s=0.1,
        ):
            await case.strike()
            kinds.append(case.kind)
            if case.kind == "slow":
                trip_is_priced(
                    case.key, sorted([case.call, *case.others], key=place), await case.visitor
                )
            else:
                assert (case.silent == []) == (case.others[0].status is not None)
        assert server.attendance.unlooked() == []
    assert kinds == ["slow"] * 6 + ["leaver"] * 6


def place(call: Call) -> int:
    return ["flights", "hotels", "cars"].index(call.path.split("/")[1])


async def test_a_case_s_answered_calls_are_over_when_it_begins(
    serve: Serve, upstream: Upstream
) -> None:
    async with serve(HEAD + MORNINGS, UPSTREAM_URL=upstream.url) as server:
        upstream.on("/meetings/*", json=lambda call: {"value": 7 * int(call.path.split("/")[-1])})
        sweep = upstream.sweep(
            lambda key: server.start("GET", f"/mornings/{key}", within_s=HANG_S),
            lambda key: [{f"/weather/{key}": 1, f"/meetings/{key}": 1}, {f"/rooms/{7 * key}": 1}],
            how=["status"],
            others=["answered"],
            twin=False,
        )
        seen = []
        async for case in sweep:
            seen.append((case.call.open, [call.path.split("/")[1] for call in case.others]))
            await case.strike()
    assert seen == [
        (True, ["meetings", "rooms"]),
        (True, ["weather"]),
        (True, ["weather", "meetings"]),
    ]


async def test_an_app_has_read_the_answers_to_the_others_when_one_call_fails(
    serve: Serve, upstream: Upstream
) -> None:
    async with serve(HEAD + SLOW_READER + TRIPS, UPSTREAM_URL=upstream.url) as server:
        async for case in upstream.sweep(
            lambda key: server.start("GET", f"/trips/{key}", within_s=HANG_S),
            of_a_trip,
            how=["status"],
            others=["answered"],
            at_once=1,
            twin=False,
        ):
            await case.strike()
            expect(await case.visitor).status(502)
        expect(await server.get("/interrupted")).json([])


@pytest.mark.parametrize(
    ("how", "others"),
    [("slow", "silent"), ("silent", "silent"), ("else", "silent"), ("status", "none")],
)
async def test_a_sweep_that_means_nothing_is_refused(
    upstream: Upstream, how: Any, others: Any
) -> None:
    with pytest.raises(ValueError, match="sweep"):
        await anext(upstream.sweep(lambda key: no_visitor(), of_a_trip, [how], [others]))


def no_visitor() -> Pending:
    raise AssertionError("no visitor may come")
