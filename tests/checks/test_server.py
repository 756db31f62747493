"""The fixture `server`: dealing out visitors, gates on its output and its end, and samples."""

import json
from collections import Counter
from pathlib import Path

import anyio
import psutil
import pytest

from grader.judge.rule import own_s
from grader.measure.gates import GateMissed
from tests.conftest import Serve
from tests.waiting import HANG_S, until

HELLO = """
    import os
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    async def root() -> dict[str, int]:
        return {"pid": os.getpid()}
"""


async def test_visitors_are_dealt_out_to_the_workers_in_turn(serve: Serve) -> None:
    async with serve(HELLO, workers=3) as server:
        crowd = await server.burst("GET", "/", count=60)
        assert sorted(Counter(json.loads(answer.body)["pid"] for answer in crowd).items()) == [
            (pid, 20) for pid in sorted(server.pids)
        ]


async def test_an_idle_connection_is_closed_when_the_server_begins_to_shut_down(
    serve: Serve, tmp_path: Path
) -> None:
    source = """
        import asyncio
        from contextlib import asynccontextmanager
        from pathlib import Path
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(app):
            yield
            while not Path("go").exists():
                await asyncio.sleep(0.01)

        app = FastAPI(lifespan=lifespan)
    """
    async with serve(source) as server, server.lingering() as visitor:
        assert (await server.settle("/")).status == 404
        with pytest.raises(GateMissed):
            await visitor.sent_away(within_s=0.05)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.stop)
            await visitor.sent_away()
            with pytest.raises(GateMissed):
                await server.stopped(within_s=0.05)
            (tmp_path / "solution" / "go").touch()
            await server.stopped(within_s=HANG_S)
    assert server.attempt.recorder.freeze().exchanges[-1].error is None


async def test_let_run_waits_until_the_server_has_had_its_own_time(serve: Serve) -> None:
    async with serve(HELLO) as server:
        watcher = server.attempt.watcher
        opening = watcher.open()
        await server.let_run(0.1)
        watch = watcher.close(opening)
        assert watch.elapsed_s >= 0.1
        own = own_s(watch)
        assert own is None or own >= 0.095 or watch.elapsed_s > 1
        await server.stop()
        await server.let_run(0.05)


async def test_a_paused_app_does_nothing_until_the_block_ends(serve: Serve) -> None:
    async with serve(HELLO) as server:
        (worker,) = map(psutil.Process, server.pids)
        async with server.paused():
            await until(lambda: worker.status() == psutil.STATUS_STOPPED)
        assert (await server.get("/")).status == 200
        await server.stop()
        async with server.paused():
            pass


async def test_a_stop_may_be_granted_a_time(serve: Serve) -> None:
    source = """
        import asyncio
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(app):
            yield
            await asyncio.sleep(SHUTDOWN_S)

        app = FastAPI(lifespan=lifespan)
    """
    async with serve(source.replace("SHUTDOWN_S", "0.2")) as server:
        assert (await server.stop(within_s=30)).shutdown_s is not None
    async with serve(source.replace("SHUTDOWN_S", "30")) as server:
        with pytest.raises(GateMissed) as missed:
            await server.stop(within_s=0.3)
        assert (missed.value.claim.what, missed.value.claim.seen) == ("servers that shut down", 0)


async def test_output_can_be_waited_for_and_read(serve: Serve) -> None:
    source = HELLO.replace(
        "return {",
        """print('no JSON, but {', "[1]", '{"a": 1', sep="\\n"); print('{"event": "asked"}'); return {""",
    )
    async with serve(source) as server:
        assert server.output == ""
        for _ in range(2):
            await server.get("/")
        await server.printed('"asked"', 2)
        assert server.printed_objects == [{"event": "asked"}] * 2
        with pytest.raises(GateMissed):
            await server.printed("nothing of this kind", within_s=0.05)


async def test_a_sample_has_descriptors_threads_and_memory(serve: Serve) -> None:
    source = """
        from fastapi import FastAPI

        app = FastAPI()
        kept = []

        @app.get("/")
        async def root() -> None:
            kept.extend(open("app.py") for _ in range(10))
    """
    async with serve(source) as server:
        before = server.sample()
        await server.get("/")
        after = server.sample()
    assert 9 <= after.descriptors - before.descriptors <= 11, (
        "a visitor's connection may be open at either moment"
    )
    assert before.processes == 1
    assert before.memory_bytes > 10_000_000
