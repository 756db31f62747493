"""A server's processes: how they start, crash and stop, and what is recorded of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from grader.errors import HarnessError
from grader.evidence.traffic import ExchangeError
from grader.measure.attempt import AttemptContext
from grader.measure.recorder import Recorder
from grader.process.launcher import Launcher
from grader.process.server import ServerNotReady
from tests.conftest import Serve
from tests.waiting import until

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


async def test_no_process_is_left_when_the_check_is_over(serve: Serve) -> None:
    async with serve(HELLO) as server:
        pids = server.pids
    await until(lambda: not any(psutil.pid_exists(pid) for pid in pids))


class Forgetful(dict[int, Callable[[dict[str, Any]], None]]):
    """The callbacks of a launcher that never says which processes it has forked."""

    def get(self, number: int, default: Any = None) -> Any:
        take = super().get(number)
        return take and (lambda event: None if event["event"] == "forked" else take(event))


async def test_a_launcher_that_names_no_processes_is_a_fault_of_the_harness(
    serve: Serve, launcher: Launcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "servers", Forgetful())
    with pytest.raises(HarnessError, match=r"named no processes within 0\.5 s"):
        async with serve(HELLO, start_s=0.5):
            pass


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


async def test_a_crash_at_import_is_reported_with_the_line_in_the_learners_file(
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


async def test_a_syntax_error_is_reported_with_its_line(serve: Serve, recorder: Recorder) -> None:
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


async def test_a_server_whose_import_hangs_is_not_ready_and_has_not_exited(
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


async def test_a_crash_under_load_is_reported(serve: Serve, recorder: Recorder) -> None:
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


async def test_stopping_runs_the_lifespan_to_its_end(serve: Serve, tmp_path: Path) -> None:
    async with serve(STOPPING) as server:
        life = await server.stop()
        assert life.shutdown_s is not None
        assert not life.killed
        assert (tmp_path / "solution" / "stopped").exists()


async def test_a_crash_before_the_stop_stays_one_when_the_other_workers_stop_in_order(
    serve: Serve, recorder: Recorder
) -> None:
    source = """
        import os
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        async def root() -> None:
            os._exit(7)
    """
    async with serve(source, workers=2) as server:
        await server.get("/")
        await until(lambda: recorder.life is not None and recorder.life.exited_s is not None)
        await server.stop()
    life = recorder.life
    assert life is not None
    assert life.exited_s is not None
    assert life.stop_asked_s is not None
    assert (life.exited_s < life.stop_asked_s, life.exit_code) == (True, 7)


async def test_a_server_that_has_shut_down_lingers_whatever_it_is_asked(
    serve: Serve, recorder: Recorder
) -> None:
    async with serve(STOPPING) as server:
        await server.stop()
        await server.explain()
        assert all(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in server.pids)
    assert recorder.life is not None
    assert (recorder.life.left_early, recorder.life.killed) == (False, False)
    assert recorder.life.exited_s is None
    assert recorder.life.stop_watch is not None


async def test_a_server_that_does_not_wait_for_the_grader_after_its_shutdown_left_early(
    serve: Serve, recorder: Recorder, tmp_path: Path
) -> None:
    source = """
        import os, threading, time
        from contextlib import asynccontextmanager
        from fastapi import FastAPI

        def leave():
            while not os.path.exists("leave"):
                time.sleep(0.01)
            os._exit(0)

        @asynccontextmanager
        async def lifespan(app):
            yield
            threading.Thread(target=leave, daemon=True).start()

        app = FastAPI(lifespan=lifespan)
    """
    async with serve(source) as server:
        await server.stop()
        (tmp_path / "solution" / "leave").touch()
        await until(lambda: not server.pids)
    assert recorder.life is not None
    assert recorder.life.left_early


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
async def test_a_daemon_that_left_its_process_group_is_killed_too(
    serve: Serve, tmp_path: Path
) -> None:
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


async def test_only_the_beginning_and_the_end_of_long_output_are_kept(
    serve: Serve, recorder: Recorder
) -> None:
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


async def test_the_end_of_a_check_is_not_recorded_as_a_crash(
    serve: Serve, launcher: Launcher, attempt: AttemptContext
) -> None:
    """The exit that the grader itself causes may be reported while the record is still open."""
    async with serve(HELLO) as server:
        await server.get("/")
    async with launcher.listening(attempt.abort.break_off):
        (answered,) = await launcher.sockets(plain=1)
        answered.close()
        assert attempt.recorder.life is not None
        assert attempt.recorder.life.exited_s is None
