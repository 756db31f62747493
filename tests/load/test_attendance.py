"""Who visits a server, and at whose answers a check has looked."""

import pytest

from grader.checks.api import Schedule, Sending, Server, expect
from tests.conftest import Serve
from tests.load.apps import SLEEPER


async def test_a_visitor_whose_answer_nobody_looked_at_is_named(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        expect(await server.get("/sleep/1")).status(200)
        await server.get("/sleep/2")
        await server.burst("GET", "/sleep/{n}", count=2, numbers=[3, 4])
        server.start("GET", "/never")
        assert sorted(server.attendance.unlooked()) == [
            "GET /never",
            "GET /sleep/2",
            "GET /sleep/3",
        ]


@pytest.mark.parametrize("method", ["statuses", "json", "each_within"])
async def test_any_expectation_of_a_crowd_looks_at_all_its_answers(
    serve: Serve, method: str
) -> None:
    async with serve(SLEEPER) as server:
        crowd = await server.burst("GET", "/sleep/{n}", count=3)
        stated = expect(crowd)
        arguments = {"statuses": 200, "json": lambda answer: answer.n, "each_within": 60}
        getattr(stated, method)(arguments[method])
        assert server.attendance.unlooked() == []


async def test_those_who_leave_or_only_wait_need_no_look(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        leaver = server.start("GET", "/never")
        await server.settle("/left")
        leaver.leave()
        await leaver
        answered = server.start("GET", "/left")
        await answered
        answered.leave()
        await server.get("/never", leave_after_s=0.01)
        await server.send("GET", "/never", Schedule((Sending(leave_after_s=0.01),)))
        assert server.attendance.unlooked() == []


async def test_a_planned_leaver_who_is_served_before_needs_no_look(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        await server.get("/left", leave_after_s=60)
        await server.send("GET", "/left", Schedule((Sending(leave_after_s=60),)))
        assert server.attendance.unlooked() == []


async def test_visitors_are_counted_while_they_are_there(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        assert counts(server) == (0, 0)
        visitor = server.start("GET", "/sleep/1")
        assert counts(server) == (1, 1)
        await visitor
        await server.burst("GET", "/sleep/{n}", count=2)
        assert counts(server) == (3, 0)


def counts(server: Server) -> tuple[int, int]:
    return server.attendance.came, server.attendance.there
