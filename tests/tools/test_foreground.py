"""The app in the foreground: what it tells, how it ends, and that nothing of it is left."""

import os
import signal
import sys
import textwrap
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
import httpx
import psutil
import pytest

from grader.tasks import single_error
from grader.tools.foreground import App, AppPlan, Request, running_app
from tests.conftest import listening_socket
from tests.waiting import HANG_S, until

PLAIN = """
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/numbers/{n}")
    async def number(n: int) -> int:
        return n
"""

POOL = """
    import asyncio, os, time
    from concurrent.futures import ProcessPoolExecutor
    from fastapi import FastAPI

    app = FastAPI()
    pool = ProcessPoolExecutor(1)

    @app.get("/pid")
    async def pid() -> int:
        return await asyncio.get_running_loop().run_in_executor(pool, os.getpid)

    @app.get("/stuck")
    async def stuck() -> None:
        open("stuck", "w").close()
        time.sleep(600)
"""

REQUEST = (
    b'{"event": "request", "method": "GET", "path": "/", "status": null, "ms": 1, "port": null}\n'
)

Run = Callable[..., AbstractAsyncContextManager[tuple[App, httpx.AsyncClient, list[Request]]]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the source of an app.py in the foreground; gives the app, a client of it, and the requests
    that it tells of.
    """

    @asynccontextmanager
    async def run_source(
        source: str, *, workers: int = 1, stop_s: float = HANG_S, **environ: str
    ) -> AsyncIterator[tuple[App, httpx.AsyncClient, list[Request]]]:
        folder = (tmp_path / "solution").resolve()
        folder.mkdir()
        (folder / "app.py").write_text(textwrap.dedent(source))
        told: list[Request] = []
        with listening_socket() as listening:
            url = "http://{}:{}".format(*listening.getsockname())
            plan = AppPlan(folder, workers, environ, stop_s)
            running = running_app(plan, listening, tmp_path, told.append)
            async with (
                single_error(),
                running as app,
                httpx.AsyncClient(base_url=url, timeout=HANG_S) as client,
            ):
                yield app, client, told

    return run_source


async def ready(app: App) -> None:
    with anyio.fail_after(HANG_S):
        await app.is_ready.wait()


async def test_requests_are_told_with_status_and_time(run: Run) -> None:
    async with run(PLAIN) as (app, client, told):
        await ready(app)
        assert (await client.get("/numbers/7?x=%1b[2J")).status_code == 200
        assert (await client.post("/nowhere")).status_code == 404
        await until(lambda: len(told) == 2)
        assert [(one.method, one.status) for one in told] == [("GET", 200), ("POST", 404)]
        assert told[0].path.startswith("/numbers/7?x=")
        assert all(one.ms > 0 and one.port is not None for one in told)


async def test_it_sees_its_services_and_all_of_the_environment(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOMETHING_OF_MINE", "1")
    source = (
        PLAIN
        + '\n    import os\n    assert os.environ["UPSTREAM_URL"] + os.environ["SOMETHING_OF_MINE"] == "x1"\n'
    )
    async with run(source, UPSTREAM_URL="x") as (app, _, _):
        await ready(app)


async def test_ctrl_c_while_it_starts_is_not_its_own_business(run: Run) -> None:
    async with run(PLAIN) as (app, client, _):
        for pid in app.pids:
            os.kill(pid, signal.SIGINT)
        await ready(app)
        assert (await client.get("/numbers/7")).json() == 7


async def test_all_workers_answer_on_one_address(run: Run) -> None:
    async with run(PLAIN, workers=2) as (app, client, _):
        await ready(app)
        assert len(app.pids) == 2
        assert (await client.get("/numbers/1")).json() == 1


@pytest.mark.parametrize(
    ("source", "error", "line"),
    [
        (
            "import os\nimport nothing_of_this_name\n",
            "ModuleNotFoundError: No module named 'nothing_of_this_name'",
            2,
        ),
        ("def broken(:\n", "SyntaxError: invalid syntax", 1),
        ("import sys\nsys.exit('enough')\n", "SystemExit: enough", 2),
        ("application = 1\n", "it defines no `app`", None),
    ],
)
async def test_an_app_that_cannot_be_imported_says_why_and_where(
    run: Run, source: str, error: str, line: int | None
) -> None:
    async with run(source) as (app, _, _):
        with anyio.fail_after(HANG_S):
            assert await app.ended() == 1
        await until(lambda: app.broken)
        assert app.broken is not None
        assert (app.broken.error, app.broken.file, app.broken.line) == (error, "app.py", line)


async def test_an_app_that_ends_by_itself_is_told_with_its_exit_code(run: Run) -> None:
    async with run(PLAIN.replace("return n", "import os; os._exit(n)")) as (app, client, _):
        await ready(app)
        with pytest.raises(httpx.HTTPError):
            await client.get("/numbers/3")
        with anyio.fail_after(HANG_S):
            assert await app.ended() == 3


async def get_stuck(client: httpx.AsyncClient, folder: Path) -> None:
    """Ask for what never answers, and go away once the app is at it."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.get, "/stuck")
        await until((folder / "solution" / "stuck").exists)
        tasks.cancel_scope.cancel()


async def test_what_it_has_started_ends_with_it_though_it_must_be_killed(
    run: Run, tmp_path: Path
) -> None:
    async with run(POOL, stop_s=0.1) as (app, client, _):
        await ready(app)
        started = (await client.get("/pid")).json()
        await get_stuck(client, tmp_path)
        pids = [*app.pids, started]
    assert app.was_killed
    await until(
        lambda: (
            not any(
                psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
                for pid in pids
            )
        )
    )


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux gives orphans to whom one likes"
)
async def test_what_an_app_leaves_behind_at_its_own_end_is_ended_too(
    run: Run, tmp_path: Path
) -> None:
    async with run(POOL.replace("time.sleep(600)", "os._exit(5)")) as (app, client, _):
        await ready(app)
        left = (await client.get("/pid")).json()
        await get_stuck(client, tmp_path)  # the process that is left keeps the connection open
        with anyio.fail_after(HANG_S):
            assert await app.ended() == 5
    assert not psutil.pid_exists(left)


async def test_a_second_signal_ends_it_at_once(run: Run, tmp_path: Path) -> None:
    async with run(POOL, stop_s=600) as (app, client, _):
        await ready(app)
        await get_stuck(client, tmp_path)
        app.hurry.set()
    assert app.was_killed


async def test_an_app_is_in_its_debugger_until_it_answers_something(tmp_path: Path) -> None:
    app = App(AppPlan(tmp_path, 1, {}, 1.0), lambda _: None)
    app.receive(b'{"event": "breakpoint"}\n')
    assert app.in_debugger
    app.receive(REQUEST)
    assert not app.in_debugger


# ---- what the app could tell
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense", b"[]", b"{}", b'{"event": "request"}', b'{"event": "request", "method": 1}', b'{"event": []}',
        b"[" * 5000, b"\xff\xfe",
        b'{"event": "request", "method": "GET", "path": "/", "status": 200, "ms": NaN, "port": 1}',
        b'{"event": "broken", "error": "x"}',
    ],
)  # fmt: skip
async def test_what_makes_no_sense_is_left_out(line: bytes, tmp_path: Path) -> None:
    told: list[Request] = []
    app = App(AppPlan(tmp_path, 1, {}, 1.0), told.append)
    app.receive(line + b"\n" + b"x" * 100_000)
    app.receive(b"\n" + REQUEST)
    assert told == [Request("GET", "/", None, 1.0, None)]
