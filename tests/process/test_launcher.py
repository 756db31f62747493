"""A launcher: its servers end with it, and its end is noticed."""

import os
import signal
from pathlib import Path

import anyio
import psutil
import pytest

from grader.checks.server import running_server
from grader.measure.attempt import AttemptContext
from grader.process.launcher import Launcher, running_launcher
from grader.process.server import ServerPlan
from tests.conftest import listening_socket
from tests.waiting import HANG_S, until, wait_until


@pytest.mark.slow
async def test_killing_a_launcher_is_a_fault_of_the_harness_and_ends_its_servers(
    tmp_path: Path, attempt: AttemptContext
) -> None:
    (tmp_path / "app.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    plan = ServerPlan(tmp_path, 1, {}, 10.0, 2.0)
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
