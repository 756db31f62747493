"""A launcher: its servers run side by side and end with it, and its end is noticed."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import psutil
import pytest

from grader.checks.server import Server, running_server
from grader.measure.attempt import AttemptContext, begin_attempt
from grader.measure.timing import Clock
from grader.process.launcher import Launcher, running_launcher
from grader.process.server import ServerPlan
from tests.conftest import listening_socket
from tests.waiting import HANG_S, until, wait_until


@pytest.mark.slow
async def test_killing_a_launcher_is_a_fault_of_the_harness_and_ends_its_servers(
    tmp_path: Path, attempt: AttemptContext
) -> None:
    (tmp_path / "app.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    plan = ServerPlan(tmp_path, 1, {}, HANG_S, 2.0)
    broken = anyio.Event()
    attempt.abort.on_break_off(broken.set)
    with running_launcher(tmp_path) as launcher:
        async with (
            launcher.listening(attempt.abort.break_off),
            running_server(plan, launcher, attempt) as server,
        ):
            pids = server.pids
            assert not launcher.has_ended()
            os.kill(launcher.pid, signal.SIGKILL)
            with anyio.fail_after(HANG_S):
                await broken.wait()
        assert launcher.has_ended()
    assert "The launcher process exited" in attempt.recorder.mishap
    await until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


async def test_sockets_that_nobody_waits_for_any_more_are_closed(
    tmp_path: Path, attempt: AttemptContext
) -> None:
    with running_launcher(tmp_path) as launcher:
        async with launcher.listening(attempt.abort.break_off):
            before = psutil.Process().num_fds()
            with anyio.CancelScope() as scope:
                scope.cancel()
                await launcher.sockets(plain=5)
            (later,) = await launcher.sockets(plain=1)  # is made after the others
            later.close()
            assert psutil.Process().num_fds() == before


def test_a_launcher_ends_all_servers_when_the_grader_disconnects(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    with running_launcher(tmp_path) as launcher, listening_socket() as listening:
        pids = start_by_hand(launcher, tmp_path, listening.fileno())
        launcher.control.close()
        assert launcher.process.wait(HANG_S) == 0
        wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def start_by_hand(launcher: Launcher, folder: Path, listening: int) -> list[int]:
    """Start a server whose pipes nobody reads; returns its pids."""
    read, write = os.pipe()
    command = {"do": "start", "server": 10_000, "workers": 1, "folder": str(folder), "environ": {}}
    launcher.send(command, [listening, write, write, write])
    os.close(write)
    os.close(read)
    while True:
        for event in launcher.receive():
            if event["event"] == "forked":
                return list(event["pids"])


APP = """
import os, subprocess
from fastapi import FastAPI

app = FastAPI()
print("I am", os.environ["NAME"])


@app.get("/")
async def root() -> str:
    return os.environ["NAME"]


@app.get("/child")
async def child() -> int:
    return subprocess.Popen(["sleep", "600"], start_new_session=True).pid


@app.get("/exit")
async def leave() -> None:
    os._exit(7)
"""


@asynccontextmanager
async def served(
    launcher: Launcher, folder: Path, attempt: AttemptContext, name: str
) -> AsyncIterator[Server]:
    plan = ServerPlan(folder, 1, {"NAME": name, "PATH": os.defpath}, HANG_S, HANG_S)
    async with (
        launcher.listening(attempt.abort.break_off),
        running_server(plan, launcher, attempt) as server,
    ):
        yield server


@pytest.mark.slow
async def test_servers_run_side_by_side_and_share_neither_output_exits_nor_processes(
    tmp_path: Path, launcher: Launcher, attempt: AttemptContext
) -> None:
    (tmp_path / "app.py").write_text(APP)
    sibling = begin_attempt(Clock())
    async with served(launcher, tmp_path, sibling, "B") as b:
        async with served(launcher, tmp_path, attempt, "A") as a:
            assert ((await a.get("/")).body, (await b.get("/")).body) == (b'"A"', b'"B"')
            child = int((await a.get("/child")).body)
            await until(lambda: attempt.watcher.open().other_pids == (child,))
            assert sibling.watcher.open().other_pids == ()
            await a.get("/exit")
        await until(lambda: not psutil.pid_exists(child))
        assert (await b.get("/")).body == b'"B"'
    lives = attempt.recorder.life, sibling.recorder.life
    assert [life and (life.exit_code, life.log) for life in lives] == [
        (7, "I am A\n"),
        (None, "I am B\n"),
    ]


@pytest.mark.slow
async def test_the_end_of_a_launcher_is_told_to_all_whose_servers_it_ran(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    attempts = [begin_attempt(Clock()) for _ in range(3)]
    with running_launcher(tmp_path) as launcher:
        async with (
            served(launcher, tmp_path, attempts[0], "A"),
            served(launcher, tmp_path, attempts[1], "B"),
        ):
            os.kill(launcher.pid, signal.SIGKILL)
            await until(lambda: all(attempt.recorder.mishap for attempt in attempts[:2]))
            async with launcher.listening(attempts[2].abort.break_off):  # it comes too late
                assert "The launcher process exited" in attempts[2].recorder.mishap


@pytest.mark.slow
def test_one_launcher_serves_event_loops_one_after_another(
    tmp_path: Path, launcher: Launcher
) -> None:
    (tmp_path / "app.py").write_text(APP)

    async def ask(name: str) -> bytes:
        async with served(launcher, tmp_path, begin_attempt(Clock()), name) as server:
            return (await server.get("/")).body

    assert [asyncio.run(ask(name)) for name in "AB"] == [b'"A"', b'"B"']
