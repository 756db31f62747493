"""The solution's server: how it starts, serves, stops, and what remains of it."""

import json
import os
import signal
from collections import Counter
from pathlib import Path

import anyio
import psutil
import pytest

from grader.checks.server import ServerNotReady, ServerPlan, running_server
from grader.evidence.traffic import ExchangeError
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed
from grader.measure.recorder import Recorder
from grader.process.launcher import Launcher, running_launcher
from tests.conftest import Serve, listening_socket
from tests.waiting import HANG_S, until, wait_until

HELLO = """
    import os
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    async def root() -> dict[str, int]:
        return {"pid": os.getpid()}
"""


async def test_a_solution_answers_from_a_process_of_its_own(serve: Serve) -> None:
    async with serve(HELLO) as server:
        answer = await server.get("/")
        assert answer.status == 200
        assert answer.body == f'{{"pid":{server.pids[0]}}}'.encode()
        assert server.pids[0] != os.getpid()


async def test_the_processes_are_gone_when_the_check_is_over(serve: Serve) -> None:
    async with serve(HELLO) as server:
        pids = server.pids
    await until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


async def test_visitors_are_dealt_out_to_the_workers_in_turn(serve: Serve) -> None:
    async with serve(HELLO, workers=3) as server:
        crowd = await server.burst("GET", "/", count=60)
        assert sorted(Counter(json.loads(answer.body)["pid"] for answer in crowd).items()) == [
            (pid, 20) for pid in sorted(server.pids)
        ]


async def test_the_environment_is_the_plan_and_nothing_else(serve: Serve) -> None:
    source = """
        import os
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        async def root() -> dict[str, str]:
            return dict(os.environ)
    """
    async with serve(source, UPSTREAM_URL="http://u") as server:
        seen = (await server.get("/")).body.decode()
        assert '"UPSTREAM_URL":"http://u"' in seen
        assert "HOME" not in seen


async def test_a_crash_at_import_is_told_with_the_line_in_the_learners_file(
    serve: Serve, recorder: Recorder
) -> None:
    with pytest.raises(ServerNotReady):
        async with serve("import math\n\nvalue = math.sqrt(-1)\n"):
            pass
    assert recorder.life is not None
    assert recorder.life.ready_s is None
    assert recorder.life.exit_code == 1
    crash = recorder.life.crash
    assert crash is not None
    assert crash.type == "ValueError"
    assert [(frame.file, frame.line, frame.source) for frame in crash.frames] == [
        ("app.py", 3, "value = math.sqrt(-1)")
    ]


async def test_a_syntax_error_is_told_with_its_line(serve: Serve, recorder: Recorder) -> None:
    with pytest.raises(ServerNotReady):
        async with serve("def broken(:\n    pass\n"):
            pass
    assert recorder.life is not None
    assert recorder.life.crash is not None
    assert recorder.life.crash.type == "SyntaxError"
    assert recorder.life.crash.frames[-1].line == 1


async def test_a_crash_in_the_lifespan_is_a_crash_at_start(
    serve: Serve, recorder: Recorder
) -> None:
    source = """
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(app):
            raise RuntimeError("no licence")
            yield

        app = FastAPI(lifespan=lifespan)
    """
    with pytest.raises(ServerNotReady):
        async with serve(source):
            pass
    assert recorder.life is not None
    assert recorder.life.exit_code == 3
    assert recorder.life.crash is not None
    assert recorder.life.crash.message == "no licence"


async def test_an_import_that_hangs_is_not_ready_and_has_not_ended(
    serve: Serve, recorder: Recorder
) -> None:
    with pytest.raises(ServerNotReady):
        async with serve("import time\ntime.sleep(60)\n", start_s=0.3):
            pass
    assert recorder.life is not None
    assert recorder.life.ready_s is None
    assert recorder.life.exited_s is None
    assert recorder.life.start_watch is not None
    assert recorder.life.start_watch.elapsed_s >= 0.3


async def test_a_crash_under_load_is_told(serve: Serve, recorder: Recorder) -> None:
    source = """
        import os
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        async def root() -> None:
            print("farewell")
            os._exit(7)
    """
    async with serve(source) as server:
        answer = await server.get("/")
        assert answer.exchange.error is ExchangeError.CLOSED
    assert recorder.life is not None
    assert recorder.life.exit_code == 7
    assert recorder.life.exited_s is not None
    assert "farewell" in recorder.life.log


STOPPING = """
    from contextlib import asynccontextmanager
    from pathlib import Path
    from fastapi import FastAPI

    @asynccontextmanager
    async def lifespan(app):
        yield
        Path("stopped").write_text("yes")

    app = FastAPI(lifespan=lifespan)
"""


async def test_a_stop_runs_the_lifespan_to_its_end(serve: Serve, tmp_path: Path) -> None:
    async with serve(STOPPING) as server:
        life = await server.stop()
        assert life.shutdown_s is not None
        assert not life.killed
        assert (tmp_path / "solution" / "stopped").exists()


async def test_who_lingers_is_sent_away_when_a_server_begins_to_shut_down(
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
            await visitor.sent_away(deadline_s=0.05)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.stop)
            await visitor.sent_away()
            (tmp_path / "solution" / "go").touch()
    assert server.attempt.recorder.freeze().exchanges[-1].error is None


async def test_a_server_is_let_run_for_time_of_its_own(serve: Serve) -> None:
    async with serve(HELLO) as server:
        watcher = server.attempt.watcher
        opening = watcher.open()
        await server.let_run(0.1)
        watch = watcher.close(opening)
        assert watch.elapsed_s >= 0.1
        assert watch.own_s is None or watch.own_s >= 0.095 or watch.elapsed_s > 1
        await server.stop()
        await server.let_run(0.05)


async def test_a_process_that_ignores_sigterm_is_killed(serve: Serve) -> None:
    source = """
        import signal
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        @asynccontextmanager
        async def lifespan(app):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            yield

        app = FastAPI(lifespan=lifespan)
    """
    async with serve(source, stop_s=0.3) as server:
        life = await server.stop()
        assert life.killed
        assert life.shutdown_s is None


@pytest.mark.skipif(
    not Path("/proc/self").exists(), reason="only Linux hands orphans to the launcher"
)
async def test_a_daemon_that_left_its_group_is_ended_too(serve: Serve, tmp_path: Path) -> None:
    source = """
        import os, time
        from pathlib import Path
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        async def root() -> None:
            if os.fork() == 0:
                os.setsid()
                if os.fork() == 0:
                    Path("daemon").write_text(str(os.getpid()))
                    time.sleep(60)
                os._exit(0)
    """
    async with serve(source) as server:
        await server.get("/")
        file = tmp_path / "solution" / "daemon"
        await until(lambda: file.exists() and file.read_text() != "")
        daemon = int(file.read_text())
        assert psutil.pid_exists(daemon)
    await until(lambda: not psutil.pid_exists(daemon))


async def test_output_is_kept_bounded(serve: Serve, recorder: Recorder) -> None:
    source = """
        from fastapi import FastAPI

        print("first line")
        for _ in range(40_000):
            print("0123456789" * 5)
        print("last line")
        app = FastAPI()
    """
    async with serve(source):
        pass
    assert recorder.life is not None
    assert recorder.life.log_bytes > 2_000_000
    assert len(recorder.life.log) < 70_000
    assert recorder.life.log.startswith("first line")
    assert recorder.life.log.rstrip().endswith("last line")


async def test_what_is_printed_can_be_awaited_and_read(serve: Serve) -> None:
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
            await server.printed("nothing of this kind", deadline_s=0.05)


async def test_a_sample_tells_descriptors_threads_and_memory(serve: Serve) -> None:
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


@pytest.mark.slow
async def test_a_launcher_that_is_killed_is_a_fault_of_the_harness_and_takes_its_servers_along(
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
    assert "The launcher process ended" in attempt.recorder.mishap
    await until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


async def test_the_end_of_a_check_is_no_crash(
    serve: Serve, launcher: Launcher, attempt: AttemptContext
) -> None:
    """The news of the end that the grader itself brings about may come while its record is still open."""
    async with serve(HELLO) as server:
        await server.get("/")
    async with launcher.listening(attempt.abort.break_off):
        (answered,) = await launcher.sockets(plain=1)
        answered.close()
        assert attempt.recorder.life is not None
        assert attempt.recorder.life.exited_s is None


def test_a_launcher_ends_all_servers_when_the_grader_goes_away(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("from fastapi import FastAPI\napp = FastAPI()\n")
    with running_launcher(tmp_path) as launcher, listening_socket() as listening:
        pids = start_by_hand(launcher, tmp_path, listening.fileno())
        launcher.control.close()
        assert launcher.process.wait(HANG_S) == 0
        wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


def start_by_hand(launcher: Launcher, folder: Path, listening: int) -> list[int]:
    """Start a server without anything that follows it; returns its pids."""
    read, write = os.pipe()
    command = {"do": "start", "server": 10_000, "workers": 1, "folder": str(folder), "environ": {}}
    launcher.send(command, [listening, write, write, write])
    os.close(write)
    os.close(read)
    while True:
        for event in launcher.receive():
            if event["event"] == "forked":
                return list(event["pids"])
