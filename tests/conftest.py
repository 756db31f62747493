"""Fixtures for all tests: real launchers, real servers, the real command. Also schedules tests and reports failures."""

import functools
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Generator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grader.checks.claims import RECORDER
from grader.checks.server import Server, running_server
from grader.measure.attempt import AttemptContext, begin_attempt
from grader.measure.recorder import Recorder
from grader.measure.timing import Clock
from grader.process.launcher import Launcher, running_launcher
from grader.process.server import ServerPlan
from grader.process.sockets import no_delay
from grader.tasks import single_error
from tests import machine
from tests.scheduling import SharedFixtureScheduling
from tests.waiting import HANG_S

KATA = Path(sys.executable).parent / "kata"
"""The installed command."""

TESTS_A_CORE = 2
"""Most tests spend half of their time waiting. With 3 per core, the quick ones took 81 s instead of 71 s on 2 cores,
because each process imports everything.
"""

LOOKED = pytest.StashKey[machine.Reading]()


def pytest_configure(config: pytest.Config) -> None:
    """Make tests independent of how this process was started.

    `nohup` and background jobs of a shell start processes with some signals ignored; commands inherit that, and rightly
    keep ignoring them.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (
        signal.SIGHUP,
        signal.SIGTERM,
        signal.SIGQUIT,
        signal.SIGTSTP,
        signal.SIGTTIN,
        signal.SIGTTOU,
        signal.SIGCONT,
    ):
        signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in [name for name in os.environ if name.startswith("KATA_") or name in INHERITED]:
        del os.environ[name]
    config.stash[LOOKED] = machine.look()


INHERITED = (
    "PYTEST_ADDOPTS",
    "COLUMNS",
    "LINES",
    "NO_COLOR",
    "FORCE_COLOR",
    "CLICOLOR",
    "PYTHONUNBUFFERED",
    "VISUAL",
    "EDITOR",
    "BROWSER",
)
"""Variables that users set and that change how commands behave or look."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """How many processes run tests."""
    return TESTS_A_CORE * (os.cpu_count() or 1)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedFixtureScheduling:
    """Decides which process runs which test."""
    return SharedFixtureScheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, so that none of them is left running alone at the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Read the machine's counters before each test."""
    item.stash[LOOKED] = machine.look()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add to a failure what the machine did since the test began."""
    report = yield
    if report.failed:
        report.sections.append(
            ("the machine meanwhile", machine.describe(item.stash[LOOKED], machine.look()))
        )
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Report what the machine did during the whole run."""
    terminalreporter.write_line(
        f"The machine: {machine.describe(config.stash[LOOKED], machine.look())}"
    )


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


RunKata = Callable[..., Ran]


def run_command(*arguments: str | Path, cwd: Path, environ: Mapping[str, str] | None = None) -> Ran:
    """Run `kata` with these arguments, as a user would."""
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KATA_", "PYTEST_"))
    }
    done = subprocess.run(
        [str(KATA), *map(str, arguments)],
        cwd=cwd,
        env={**clean, "COLUMNS": "80", **(environ or {})},
        capture_output=True,
        text=True,
        timeout=HANG_S,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def kata(tmp_path: Path) -> RunKata:
    """Runs `kata` as a user would, in `tmp_path` by default."""
    return functools.partial(run_command, cwd=tmp_path)


@pytest.fixture(scope="session")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """One launcher for all tests that start servers."""
    with running_launcher(tmp_path_factory.mktemp("launcher")) as launcher:
        yield launcher


@contextmanager
def listening_socket() -> Iterator[socket.socket]:
    """A socket that listens on a free port of 127.0.0.1, like those of the launcher."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield no_delay(listening)


@pytest.fixture
def attempt() -> AttemptContext:
    """A new attempt, into which `expect` records in this test."""
    attempt = begin_attempt(Clock(), default_s=HANG_S)
    RECORDER.set(attempt.recorder)
    return attempt


@pytest.fixture
def recorder(attempt: AttemptContext) -> Recorder:
    """The recorder of the new attempt."""
    return attempt.recorder


Serve = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def serve(tmp_path: Path, launcher: Launcher, attempt: AttemptContext) -> Serve:
    """Serves the source of an `app.py`."""

    @asynccontextmanager
    async def serve_source(
        source: str,
        *,
        workers: int = 1,
        start_s: float = HANG_S,
        stop_s: float = HANG_S,
        **environ: str,
    ) -> AsyncIterator[Server]:
        folder = tmp_path / "solution"
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text(textwrap.dedent(source))
        plan = ServerPlan(folder, workers, {"PATH": os.defpath, **environ}, start_s, stop_s)
        async with (
            single_error(),
            launcher.listening(attempt.abort.break_off),
            running_server(plan, launcher, attempt) as server,
        ):
            yield server

    return serve_source


MANIFEST = """
format = 2
title = "A test kata"
tier = 1
teaches = "Nothing."
topics = ["tests"]
hints = ["one", "two", "three"]

[starter]
fails = ["test_it_answers"]

[rejected.wrong]
fails = ["test_it_answers"]
because = "It answers the wrong thing."

[promises]
default_s = 1.0

[requirements]
answers = ["test_it_answers"]
route-stays = ["test_it_answers"]
"""

README = """
# Tiny

## What must hold

- It answers with yes. <!-- answers -->

Where nothing else is said, what must happen happens within 1 s.

## What must stay

- The route and its body. <!-- route-stays -->

## Read more
""".lstrip()

CHECKS = '''
from grader.checks.api import Server, expect


async def test_it_answers(server: Server) -> None:
    """It answers with yes."""
    expect(await server.get("/")).status(200).json("yes")
'''

APP = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def root() -> str:
    return "{answer}"
"""


@pytest.fixture
def make_kata(tmp_path: Path) -> Callable[..., Path]:
    """Writes a small kata and returns the folder of katas that contains it."""

    def make(
        slug: str = "tiny",
        *,
        manifest: str = MANIFEST,
        checks: str = CHECKS,
        files: Mapping[str, Any] | None = None,
    ) -> Path:
        folder = tmp_path / "katas" / slug
        contents = {
            "kata.toml": manifest,
            "checks.py": checks,
            "README.md": README,
            "starter/app.py": APP.replace("{answer}", "no"),
            "accepted/reference.py": APP.replace("{answer}", "yes"),
            "rejected/wrong.py": APP.replace("{answer}", "perhaps"),
            **(files or {}),
        }
        for name, content in contents.items():
            if content is not None:
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(textwrap.dedent(content))
        return folder.parent

    return make
