"""Answers that are still pending, and gates on their parts."""

import pytest

from grader.evidence.claims import GateClaim
from grader.evidence.traffic import ExchangeError
from grader.measure.gates import GateMissed
from grader.measure.recorder import Recorder
from tests.conftest import Serve
from tests.load.apps import SLEEPER


async def test_a_pending_request_can_be_left_while_others_are_answered(serve: Serve) -> None:
    async with serve(SLEEPER) as server:
        pending = server.start("GET", "/sleep/1")
        other = server.start("GET", "/sleep/2")
        assert not pending.answered
        pending.leave()
        assert (await other).status == 200
        assert (await pending).exchange.error is ExchangeError.LEFT


async def test_parts_of_a_stream_can_be_waited_for(serve: Serve, recorder: Recorder) -> None:
    source = """
        import asyncio
        from collections.abc import AsyncIterator
        from fastapi import FastAPI
        from fastapi.sse import EventSourceResponse

        app = FastAPI()
        more = asyncio.Event()

        @app.get("/news", response_class=EventSourceResponse)
        async def news() -> AsyncIterator[dict[str, int]]:
            for number in range(3):
                yield {"number": number}
            await more.wait()
            yield {"number": 3}
            await asyncio.Event().wait()

        @app.post("/more")
        async def go_on() -> None:
            more.set()
    """
    async with serve(source) as server:
        reader = server.start("GET", "/news")
        assert await reader.events(3) == [{"number": number} for number in range(3)]
        assert not reader.answered
        await server.post("/more")
        await reader.received(b"number", 4)
        assert reader.body.count(b"data:") == 4
        with pytest.raises(GateMissed):
            await reader.events(5, within_s=0.05)
        reader.leave()
        assert (await reader).headers["content-type"].startswith("text/event-stream")
    whats = [claim.what for claim in recorder.claims if isinstance(claim, GateClaim)]
    news = "in the answer to GET /news"
    assert whats == [f"events {news}", f"'number' {news}", f"events {news}"]
