"""The sandbox: what a solution can reach in it, and what is left when it is gone."""

import json
import os
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest

from grader.checks.server import Server, running_server
from grader.child.limits import MIB, Resources
from grader.measure.attempt import AttemptContext, begin_attempt
from grader.measure.recorder import Recorder
from grader.measure.timing import Clock
from grader.process.launch import LauncherPlan
from grader.process.launcher import Launcher, running_launcher
from grader.process.pipe import CHUNK_BYTES
from grader.process.sandbox import SandboxMode, interpreter_folders
from grader.process.server import ServerNotReady, ServerPlan
from grader.services.upstream import running_upstream
from grader.tasks import single_error
from tests.conftest import listening_socket
from tests.waiting import HANG_S, until

PEEK = """
    import os, socket, subprocess
    from pathlib import Path
    from typing import Any
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/run")
    def run(code: str) -> Any:
        try:
            return eval(code)
        except BaseException as error:
            return f"{type(error).__name__}: {error}"
"""

SMALL = Resources(memory_bytes=200 * MIB, processes=20, threads=60, cpu_s=5.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandboxed")


@pytest.fixture(scope="module")
def caged(folder: Path) -> Iterator[Launcher]:
    """A launcher in a sandbox; without one these tests prove nothing."""
    (folder / "solution").mkdir()
    plan = LauncherPlan(visible=(folder / "solution",), resources=SMALL, sandbox=SandboxMode.AUTO)
    with running_launcher(folder, plan) as launcher:
        if not launcher.is_sandboxed:
            if os.environ.get("CI"):
                pytest.fail(f"no sandbox: {launcher.without_sandbox}")
            pytest.skip(f"no sandbox here: {launcher.without_sandbox}")
        yield launcher


Serve = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def serve(caged: Launcher, folder: Path, attempt: AttemptContext) -> Serve:
    @asynccontextmanager
    async def serve_source(source: str = PEEK, **environ: str) -> AsyncIterator[Server]:
        (folder / "solution" / "app.py").write_text(textwrap.dedent(source))
        plan = ServerPlan(
            folder / "solution", 1, {**caged.environ, **environ}, HANG_S, 2.0, output_bytes=MIB
        )
        async with (
            single_error(),
            caged.listening(attempt.abort.break_off),
            running_server(plan, caged, attempt) as server,
        ):
            yield server

    return serve_source


async def seen(server: Server, code: str) -> Any:
    """What this expression gives inside of the solution's process."""
    answer = await server.get(f"/run?code={quote(code)}")
    return json.loads(answer.body)


async def test_a_solution_answers_from_its_sandbox(serve: Serve) -> None:
    async with serve() as server:
        assert await seen(server, "1 + 1") == 2
        crowd = await server.burst("GET", "/run?code={n}", count=60)
        assert [answer.status for answer in crowd] == [200] * 60


async def test_its_processes_are_known_by_their_pids_outside(serve: Serve) -> None:
    async with serve() as server:
        inside = await seen(server, "os.getpid()")
        (pid,) = server.pids
        assert pid != inside
        assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        assert server.sample().descriptors > 3


async def test_it_sees_nothing_of_the_machine(serve: Serve, folder: Path) -> None:
    (folder / "secret").write_text("of another grading")
    async with serve() as server:
        assert await seen(server, f"os.path.exists('{folder / 'secret'}')") is False
        assert not {"home", "var", "srv", "mnt", "media", "boot", "sys"} & set(
            await seen(server, "os.listdir('/')")
        )
        assert await seen(server, "[pid for pid in os.listdir('/proc') if pid.isdigit()]") == [
            "1",
            str(await seen(server, "os.getppid()")),  # the server's keeper
            str(await seen(server, "os.getpid()")),
        ]
        assert "ModuleNotFoundError" in await seen(server, "__import__('katas.catalog')")
        assert "ModuleNotFoundError" in await seen(server, "__import__('grader.grading')")
        katas = (
            "[os.listdir(Path(entry, 'katas')) for entry in __import__('sys').path "
            "if Path(entry, 'katas').is_dir()]"
        )
        assert not any(await seen(server, katas)), "an installed package leaves an empty folder"
        environ = await seen(server, "dict(os.environ)")
        assert set(environ) <= {"PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ"}


async def test_it_writes_to_its_small_folder_and_nowhere_else(serve: Serve, folder: Path) -> None:
    async with serve() as server:
        for place in (
            "/",
            "/usr/",
            "/etc/",
            "/dev/",
            f"{folder}/solution/",
            *(f"{path}/" for path in interpreter_folders()),
        ):
            assert "Read-only file system" in await seen(server, f"open('{place}x', 'w').name"), (
                place
            )
        assert await seen(server, "open('/tmp/x', 'w').write('x')") == 1
        assert "No space left" in await seen(
            server, f"[open(f'/tmp/{{n}}', 'wb').write(bytes({40 * MIB})) for n in range(2)]"
        )


async def test_it_has_no_capabilities_and_cannot_get_any(serve: Serve) -> None:
    async with serve() as server:
        status = await seen(server, "Path('/proc/self/status').read_text()")
        fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert fields["CapEff"] == fields["CapBnd"] == "0000000000000000"
        assert fields["NoNewPrivs"] == "1"
        assert "PermissionError" in await seen(server, "os.readlink('/proc/1/fd/0')")
        assert "PermissionError" in await seen(server, "open('/proc/1/mem', 'rb').name")
        assert (
            await seen(
                server, "subprocess.run(['unshare', '-Ur', 'true'], capture_output=True).returncode"
            )
            != 0
        )


async def test_system_calls_that_evade_its_limits_are_refused(serve: Serve) -> None:
    async with serve() as server:
        assert "PermissionError" in await seen(server, "os.memfd_create('x')")
        assert "PermissionError" in await seen(
            server, "__import__('resource').prlimit(1, 7, (5, 5))"
        )
        assert "PermissionError" in await seen(server, "os.setpriority(os.PRIO_PROCESS, 1, 19)")
        assert "not supported" in await seen(server, "socket.socket(40, socket.SOCK_STREAM)")
        assert await seen(server, "__import__('resource').getrlimit(7)[0]") == 1024
        assert await seen(server, "socket.socket(socket.AF_INET6).family.name") == "AF_INET6"


async def test_it_cannot_end_its_launcher(serve: Serve, caged: Launcher) -> None:
    async with serve() as server:
        await seen(server, "os.kill(1, 9)")
        assert caged.process.poll() is None
        assert await seen(server, "2") == 2


async def test_its_network_is_its_own(serve: Serve) -> None:
    with listening_socket() as canary:
        host, port = canary.getsockname()
        async with serve() as server:
            assert "ConnectionRefusedError" in await seen(
                server, f"socket.create_connection(('{host}', {port}), 1)"
            )
            assert "unreachable" in await seen(
                server, "socket.create_connection(('192.0.2.1', 80), 1)"
            )
        canary.setblocking(False)
        with pytest.raises(BlockingIOError):
            canary.accept()


async def test_a_socket_that_it_holds_cannot_be_connected_elsewhere(serve: Serve) -> None:
    """A TCP socket can be disconnected and connected anew; those in a solution's hands belong to its own network."""
    source = """
        import ctypes, os, socket, stat
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/{port}")
        async def reconnect(port: int) -> list[str]:
            said = []
            for name in os.listdir("/proc/self/fd"):
                try:
                    if not stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                        continue
                    own = socket.socket(fileno=os.dup(int(name)))
                    if own.family != socket.AF_INET:
                        continue
                    # AF_UNSPEC: the socket is free again.
                    ctypes.CDLL(None).connect(own.fileno(), bytes(16), 16)
                    own.settimeout(1)
                    own.connect(("127.0.0.1", port))
                    said.append("connected")
                except OSError as error:
                    said.append(type(error).__name__)
            return said
    """
    with listening_socket() as canary:
        async with serve(source) as server:
            await server.get(f"/{canary.getsockname()[1]}", within_s=3.0)
        canary.setblocking(False)
        with pytest.raises(BlockingIOError):
            canary.accept()


async def test_it_reaches_its_own_upstream(
    serve: Serve, caged: Launcher, attempt: AttemptContext
) -> None:
    async with caged.listening(attempt.abort.break_off):
        (listening,) = await caged.sockets(listening=1)
    source = """
        import os, httpx
        from fastapi import FastAPI

        app = FastAPI()

        @app.get("/")
        async def ask() -> int:
            async with httpx.AsyncClient() as client:
                return (await client.get(os.environ["UPSTREAM_URL"])).json()["value"]
    """
    with listening:
        async with (
            running_upstream(listening, attempt) as upstream,
            serve(source, UPSTREAM_URL=upstream.url) as server,
        ):
            answer = await server.get("/")
            assert int(answer.body) == upstream.calls()[0].value


async def test_exceeding_its_memory_ends_it(serve: Serve, recorder: Recorder) -> None:
    async with serve() as server:
        await server.get(f"/run?code=bytearray({400 * MIB}).count(1)", within_s=5.0)
    assert recorder.life is not None
    assert recorder.life.exceeded is not None
    assert recorder.life.exceeded.what == "memory_bytes"
    assert recorder.life.exceeded.seen > 200 * MIB


async def test_servers_side_by_side_have_their_limits_each_and_end_alone(
    caged: Launcher, folder: Path
) -> None:
    (folder / "solution" / "app.py").write_text(textwrap.dedent(PEEK))
    plan = ServerPlan(folder / "solution", 1, caged.environ, HANG_S, 2.0, output_bytes=MIB)
    attempts = [begin_attempt(Clock()) for _ in range(2)]
    code = f"globals().update(kept=bytearray({90 * MIB})) or len(kept)"
    async with AsyncExitStack() as stack:
        servers = []
        for attempt in attempts:
            await stack.enter_async_context(caged.listening(attempt.abort.break_off))
            servers.append(await stack.enter_async_context(running_server(plan, caged, attempt)))
            # Together they use more than the limit of one.
            assert await seen(servers[-1], code) == 90 * MIB
        await servers[0].get(f"/run?code=bytearray({400 * MIB}).count(1)", within_s=5.0)
        assert await seen(servers[1], "len(kept)") == 90 * MIB
        lives = [attempt.recorder.life for attempt in attempts]
        assert [life and life.exceeded and life.exceeded.what for life in lives] == [
            "memory_bytes",
            None,
        ]


async def test_exceeding_its_processes_ends_it_with_all_that_it_started(
    serve: Serve, recorder: Recorder
) -> None:
    before = set(psutil.pids())
    code = "[subprocess.Popen(['sleep','61.7'],start_new_session=True).pid for n in range(40)]"
    async with serve() as server:
        await server.get(f"/run?code={quote(code)}", within_s=5.0)
        await until(lambda: recorder.life is not None and recorder.life.exceeded is not None)
    assert recorder.life is not None
    assert recorder.life.exceeded is not None
    assert recorder.life.exceeded.what in ("processes", "threads")
    await until(lambda: not any(_is_sleep(pid) for pid in set(psutil.pids()) - before))


async def test_a_flood_of_output_ends_it(serve: Serve, recorder: Recorder) -> None:
    async with serve() as server:
        await server.get(
            "/run?code=" + quote("[print('x' * 100000) for n in range(10000)]"), within_s=5.0
        )
    assert recorder.life is not None
    assert recorder.life.exceeded is not None
    assert recorder.life.exceeded.what == "output_bytes"
    # The grader reads no more from then on, so it does not matter how long the system takes to end the server.
    assert MIB < recorder.life.log_bytes <= MIB + CHUNK_BYTES


@pytest.mark.slow
async def test_too_much_computing_at_its_start_ends_it(
    caged: Launcher, folder: Path, attempt: AttemptContext
) -> None:
    source = "import os\nfor _ in range(5):\n    if os.fork() == 0: break\nwhile True: pass\n"
    (folder / "solution" / "app.py").write_text(source)
    plan = ServerPlan(folder / "solution", 1, {}, HANG_S, 2.0)
    with pytest.raises(ServerNotReady):
        async with (
            single_error(),
            caged.listening(attempt.abort.break_off),
            running_server(plan, caged, attempt),
        ):
            pass
    assert attempt.recorder.life is not None
    assert attempt.recorder.life.exceeded is not None
    assert attempt.recorder.life.exceeded.what == "cpu_s"


def test_nothing_of_it_remains(folder: Path) -> None:
    plan = LauncherPlan(visible=(folder,), sandbox=SandboxMode.AUTO)
    with running_launcher(folder, plan, "short") as launcher:
        pids = [launcher.pid, launcher.process.pid]
    assert not any(psutil.pid_exists(pid) for pid in pids)


def _is_sleep(pid: int) -> bool:
    try:
        return psutil.Process(pid).cmdline() == ["sleep", "61.7"]
    except psutil.Error:
        return False
