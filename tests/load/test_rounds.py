"""Rounds of a kata's load: what visitors request, and what is counted."""

import os
import signal

import anyio
import pytest

from grader.catalog.load import LoadRequest, RunPlan
from grader.errors import SolutionError
from grader.load import rounds
from grader.load.rounds import Load
from tests.conftest import Serve
from tests.waiting import HANG_S

APP = """
    import asyncio
    from fastapi import FastAPI, HTTPException
    from fastapi.responses import StreamingResponse

    app = FastAPI()
    seen = []

    @app.get("/numbers/{n}")
    async def number(n: int) -> int:
        seen.append(n)
        return n

    @app.get("/seen")
    async def all_seen() -> list[int]:
        return seen

    @app.get("/odd/{n}")
    async def odd(n: int) -> int:
        if n % 2 == 0:
            raise HTTPException(503)
        return n

    @app.get("/endless")
    async def endless():
        async def news():
            while True:
                yield b"x"
                await asyncio.sleep(0.01)
        return StreamingResponse(news())
"""


async def test_numbering_continues_from_round_to_round_and_starts_over(serve: Serve) -> None:
    async with serve(APP) as server:
        load = Load(server, RunPlan(load=(LoadRequest("GET", "/numbers/{n}"),), numbers=5), 3)
        first, second = await load.send_round(), await load.send_round()
        assert (first.number, first.asked, len(first.answered_s), first.errors) == (1, 3, 3, {})
        assert second.number == 2
        assert first.slowest_s is not None
        assert first.median_s is not None
        assert 0 < first.median_s <= first.slowest_s
        seen = (await server.get("/seen")).body
        assert sorted(map(int, seen.strip(b"[]").split(b","))) == [1, 1, 2, 3, 4, 5]


async def test_requests_are_taken_in_turn_and_errors_are_counted_by_kind(serve: Serve) -> None:
    async with serve(APP) as server:
        load = Load(
            server,
            RunPlan(load=(LoadRequest("GET", "/odd/{n}"), LoadRequest("GET", "/nowhere"))),
            6,
        )
        one = await load.send_round()
        assert one.errors == {"404": 3}
        two = await Load(server, RunPlan(load=(LoadRequest("GET", "/odd/{n}"),)), 4).send_round()
        assert (two.errors, len(two.answered_s)) == ({"503": 2}, 2)


async def test_leaving_on_purpose_is_not_an_error(serve: Serve) -> None:
    async with serve(APP) as server:
        one = await Load(
            server, RunPlan(load=(LoadRequest("GET", "/endless", leave_after_s=0.05),)), 2
        ).send_round()
        assert (one.asked, one.errors, one.answered_s, one.median_s, one.slowest_s) == (
            2,
            {},
            (),
            None,
            None,
        )


async def test_visitors_of_a_server_that_is_gone_are_errors(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds, "WITHIN_S", 0.24)
    async with serve(APP) as server:
        os.kill(server.pids[0], signal.SIGKILL)
        with anyio.fail_after(HANG_S):
            one = await Load(server, RunPlan(load=(LoadRequest("GET", "/seen"),)), 2).send_round()
        assert sum(one.errors.values()) == 2


async def test_the_first_requests_must_succeed(serve: Serve) -> None:
    async with serve(APP) as server:
        asked = LoadRequest("GET", "/seen")
        await Load(
            server, RunPlan(load=(asked,), first=(LoadRequest("GET", "/numbers/7"),)), 1
        ).begin()
        assert (await server.get("/seen")).body == b"[7]"
        with pytest.raises(SolutionError, match="The app answers GET /nowhere with 404"):
            await Load(
                server, RunPlan(load=(asked,), first=(LoadRequest("GET", "/nowhere"),)), 1
            ).begin()
