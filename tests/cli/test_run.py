"""`kata run` as a learner types it: the app, its services, a debugger, the load, and every way to end."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import psutil
import pytest

from tests.cli.commands import one_sentence
from tests.cli.pipes import Hung, read_chunk
from tests.conftest import KATA, MANIFEST, RunKata, listening_socket
from tests.waiting import HANG_S

pytestmark = pytest.mark.slow
MakeKata = Callable[..., Path]
APP = """
import os
import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/prices/{n}")
async def price(n: int) -> int:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"]) as client:
        return (await client.get(f"/prices/{n}")).json()
"""

RUN = '''
async def prepare(upstream) -> None:
    """Prices are known at once."""
    upstream.on("/prices/*", json=lambda call: int(call.path.rpartition("/")[2]) * 100)
'''

IN_A_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, "
    "0); os.execv(sys.argv[1], sys.argv[1:])"
)
"""A session of its own, with this terminal."""

URL = r"App +(http://127\.0\.0\.1:(\d+))\n"


@pytest.fixture
def katas(make_kata: MakeKata) -> Path:
    """A kata with an upstream, and one that says nothing of its load."""
    make_kata("plain")
    manifest = MANIFEST.replace("tier = 1", 'tier = 1\nservices = ["upstream"]')
    manifest = manifest.replace(
        "[starter]",
        '[limits]\nstop_s = 0.7\n[run]\nload = [{ path = "/prices/{n}" }]\n[starter]',
        1,
    )
    return make_kata("shop", manifest=manifest, files={"starter/app.py": APP, "run.py": RUN})


class Running:
    """A `kata run` that runs; what it shows is read as it comes.

    Args:
        process: of the command.
        output: descriptor of what it prints; a terminal's can be typed into.
    """

    def __init__(self, process: subprocess.Popen[bytes], output: int) -> None:
        self.process = process
        self.shown = ""
        self._output = output

    def until(self, pattern: str) -> re.Match[str]:
        """Wait until this is shown."""
        deadline_s = time.monotonic() + HANG_S
        while (found := re.search(pattern, self.shown)) is None:
            assert self._read(deadline_s) or re.search(pattern, self.shown), self.shown
        return found

    def type(self, text: str) -> None:
        """Type this into its terminal."""
        os.write(self._output, text.encode())

    def code(self) -> int:
        """Wait for its end, and read what is left; returns the exit code."""
        deadline_s = time.monotonic() + HANG_S
        while self._read(deadline_s):
            pass
        return self.process.wait(HANG_S)

    def started(self) -> list[psutil.Process]:
        """All processes that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def _read(self, deadline_s: float) -> bytes:
        try:
            data = read_chunk(self._output, deadline_s)
        except Hung:
            raise Hung(self.shown) from None
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return data


def get(url: str) -> httpx.Response:
    """Ask as a visitor with much patience."""
    return httpx.get(url, timeout=HANG_S)


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path, katas: Path) -> Iterator[Start]:
    """Starts `kata run` on the source of an app.py, in a pipe or in a terminal of its own."""
    with contextlib.ExitStack() as stack:

        def begin(source: str, *options: str, terminal: bool = False) -> Running:
            folder = tmp_path / "mine"
            folder.mkdir()
            (folder / "app.py").write_text(source)
            command = [
                str(KATA),
                "run",
                "shop",
                "--katas",
                str(katas),
                "--solution",
                str(folder),
                *options,
            ]
            if terminal:
                command = [sys.executable, "-c", IN_A_TERMINAL, *command]
            output, theirs = os.openpty() if terminal else os.pipe()
            clean = {
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("KATA_", "PYTEST_"))
            }
            process = subprocess.Popen(
                command,
                stdin=theirs if terminal else subprocess.DEVNULL,
                stdout=theirs,
                stderr=theirs,
                env={**clean, "COLUMNS": "80", "TERM": "dumb"},
            )
            os.close(theirs)
            stack.callback(os.close, output)
            stack.callback(process.wait, HANG_S)
            stack.callback(process.kill)
            return Running(process, output)

        yield begin


def test_the_app_answers_its_log_is_shown_and_ctrl_c_ends_all(start: Start) -> None:
    running = start(APP)
    url = running.until(URL)[1]
    upstream = running.until(r"Upstream +(http://127\.0\.0\.1:\d+)\n")[1]
    running.until(
        "Prices are known at once.\nIt runs with your own permissions, outside any sandbox. Ctrl-C stops everything.\n"
    )
    running.until(re.escape(f"Try: curl {url}/prices/1\n"))
    assert get(f"{url}/prices/7").json() == 700
    assert get(f"{upstream}/prices/2").json() == 200
    running.until(r"upstream   200 +\d+ ms  GET /prices/7\n")
    running.until(r"app        200 +\d+ ms  GET /prices/7\n")
    started = running.started()
    running.process.send_signal(signal.SIGINT)
    assert running.code() == 0
    assert "Stopped. Nothing is left running." in running.shown
    assert "Traceback" not in running.shown
    assert started
    assert not any(process.is_running() for process in started)


def test_sigterm_ends_all_too(start: Start) -> None:
    running = start(APP)
    running.until(URL)
    started = running.started()
    running.process.terminate()
    assert running.code() == 143
    assert not any(process.is_running() for process in started)


def test_an_app_that_does_not_stop_is_killed_and_that_is_reported(start: Start) -> None:
    running = start(
        APP.replace(
            "    async with",
            "    import time; print('stuck', flush=True); time.sleep(600)\n    async with",
        )
    )
    url = running.until(URL)[1]
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(get, f"{url}/prices/7")
        running.until("stuck")
        running.process.send_signal(signal.SIGINT)
        assert running.code() == 0
        assert isinstance(answer.exception(), httpx.HTTPError)
    assert "The app did not stop within 0.7 s and was killed." in running.shown


def test_each_round_of_load_is_a_line_and_other_requests_are_shown(start: Start) -> None:
    running = start(APP, "--load", "3")
    url = running.until(URL)[1]
    running.until(
        r" 1  3 requests  median \d+ ms  slowest \d+ ms  no errors  upstream 3 calls, [123] at once\n"
    )
    assert get(f"{url}/prices/777").json() == 77700
    running.until(r"app        200 +\d+ ms  GET /prices/777\n")
    running.until(r" 2  3 requests ")
    running.process.send_signal(signal.SIGINT)
    assert running.code() == 0
    assert re.findall(r"GET /prices/(\d+)", running.shown) == ["777"]


def test_breakpoint_works_and_the_terminal_is_restored_afterwards(start: Start) -> None:
    running = start(
        APP.replace("    async with", "    breakpoint()\n    async with"), terminal=True
    )
    url = running.until(URL)[1]
    before = termios.tcgetattr(running._output)
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(get, f"{url}/prices/7")
        running.until(r"\(Pdb\) $")
        running.type("print(n * 6)\n")
        running.until(r"\n42\n\(Pdb\) $")
        running.type("!n = 8\n")
        running.until(r"\n\(Pdb\) !n = 8\n\(Pdb\) $")
        running.type("c\n")
        assert answer.result(HANG_S).json() == 800
        answer = thread.submit(get, f"{url}/prices/9")
        running.until(r"(?s)\(Pdb\).*\(Pdb\).*\(Pdb\).*\(Pdb\) $")
        running.type("\x03")
        assert running.code() == 0
        assert isinstance(answer.exception(), httpx.HTTPError)
    assert "Stopped. Nothing is left running." in running.shown
    assert "KeyboardInterrupt" not in running.shown
    assert termios.tcgetattr(running._output)[:4] == before[:4]


def test_an_app_that_exits_by_itself_is_reported(start: Start) -> None:
    running = start(APP.replace("    async with", "    os._exit(5)\n    async with"))
    url = running.until(URL)[1]
    with pytest.raises(httpx.HTTPError):
        get(f"{url}/prices/7")
    assert running.code() == 1
    assert "The app exited unexpectedly (exit code 5). Its output is above." in running.shown


# ---- bad input


def test_an_app_that_cannot_be_imported_is_one_sentence(
    kata: RunKata, katas: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text("import os\nimport nothing_of_this_name\n")
    ran = kata("run", "shop", "--katas", katas, "--solution", "mine.py")
    assert ran.code == 1
    assert (
        "app.py:2 cannot be imported: ModuleNotFoundError: No module named 'nothing_of_this_name'."
        in " ".join(ran.out.split())
    )
    assert "Traceback" not in ran.out + ran.err


def test_a_port_in_use(kata: RunKata, katas: Path) -> None:
    with listening_socket() as taken:
        port = taken.getsockname()[1]
        ran = kata(
            "run",
            "shop",
            "--katas",
            katas,
            "--solution",
            katas / "shop" / "starter",
            "--port",
            str(port),
        )
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert f"Port {port} is in use." in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["shop"], 2, "There is no workspace"),
        (["shp"], 2, "Did you mean shop?"),
        (["shop", "--solution", "none.py"], 2, "There is no solution at none.py"),
        (["shop", "--sandbox", "require", "--solution", "none.py"], 2, "`kata run` has no sandbox"),
        (
            ["plain", "--load", "3", "--solution", "none.py"],
            4,
            "The kata plain does not declare a load.",
        ),
    ],
)
def test_what_cannot_be_run_is_one_sentence(
    kata: RunKata, katas: Path, arguments: list[str], code: int, message: str
) -> None:
    ran = kata("run", *arguments, "--katas", katas)
    assert (ran.code, one_sentence(ran.err)) == (code, True)
    assert message in " ".join(ran.err.split())


def test_a_kata_that_was_not_handed_out(kata: RunKata, katas: Path) -> None:
    kata("next", "--katas", katas)
    ran = kata("run", "shop", "--katas", katas)
    assert (ran.code, one_sentence(ran.err)) == (2, True)
    assert "has not been handed out" in ran.err


def test_it_has_help(kata: RunKata) -> None:
    ran = kata("run", "--help")
    assert ran.code == 0
    assert "--load" in ran.out
