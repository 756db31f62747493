"""The launcher, spoken to in its own language: it warms up, forks servers, and ends with its grader."""

import os
import signal
import socket
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import httpx
import psutil
import pytest

from grader.child.boot import NOT_NEEDED, warm_up
from grader.child.limits import Resources
from tests.child.spoken import Spoken, speaking_to
from tests.waiting import HANG_S, wait_until

pytestmark = pytest.mark.slow

CODE = """\
import json, sys
from grader.child.boot import main
main(int(sys.argv[1]), json.loads(sys.argv[2]))
"""

APP = """
    import os
    from fastapi import FastAPI

    app = FastAPI()

    @app.get("/")
    async def root() -> list[str]:
        return [os.getcwd(), os.environ.get("NAME", ""), " ".join(sorted(os.environ))]
"""


@contextmanager
def launched(resources: Resources) -> Iterator[Spoken]:
    config = {
        "warm": ["colorsys", "no_such_module"],
        "resources": asdict(resources),
        "sandboxed": False,
        "as_root": False,
        "traceable": False,
    }
    with speaking_to(CODE, config) as spoken:
        yield spoken


@pytest.fixture
def launcher() -> Iterator[Spoken]:
    with launched(Resources()) as spoken:
        yield spoken


@pytest.fixture
def folder(tmp_path: Path) -> Callable[[str], Path]:
    """Writes an `app.py`; returns its folder."""

    def write(source: str) -> Path:
        (tmp_path / "app.py").write_text(textwrap.dedent(source))
        return tmp_path

    return write


def test_what_is_not_installed_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    monkeypatch.delitem(sys.modules, NOT_NEEDED, raising=False)
    warm_up(["no_such_module", "colorsys"])
    assert "colorsys" in sys.modules
    assert NOT_NEEDED not in sys.modules


def test_a_server_is_forked_answers_and_is_gone_after_its_stop(
    launcher: Spoken, folder: Callable[[str], Path]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        solution = folder(APP)
        with launcher.start(solution, listening, NAME="a value") as status:
            (pid,) = launcher.next("forked")["pids"]
            assert status.recv(100) == b"ready\n"
            url = "http://{}:{}".format(*listening.getsockname())
            cwd, name, names = httpx.get(url, timeout=HANG_S).json()
            assert (cwd, name) == (str(solution), "a value")
            own = {"NAME", "PATH", "TMPDIR"}
            assert own <= set(names.split()) <= {*own, "LC_CTYPE"}
            launcher.tell({"do": "stop", "server": 1, "grace_s": HANG_S})
            assert status.recv(100) == b"down\n"
            status.sendall(b"tasks\n")
            status.settimeout(0.3)
            with pytest.raises(
                TimeoutError
            ):  # it lingers until the grader has looked, whatever it is asked
                status.recv(100)
            assert psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
            status.close()
            exited = launcher.next("exited")
            assert (exited["pid"], exited["code"]) == (pid, -signal.SIGTERM)
            assert launcher.next("gone")["killed"] is False


def test_a_server_that_ignores_its_stop_is_killed_with_all_that_it_started(
    launcher: Spoken, folder: Callable[[str], Path]
) -> None:
    source = """
        import signal, subprocess, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"], start_new_session=True)
        open("child", "w").write(f"{child.pid}\\n")
        time.sleep(600)
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        solution = folder(source)
        with launcher.start(solution, listening):
            noted = solution / "child"
            wait_until(lambda: noted.exists() and noted.read_text().endswith("\n"))
            launcher.tell({"do": "stop", "server": 1, "grace_s": 0.0})
            assert launcher.next("exited")["code"] == -signal.SIGKILL
            assert launcher.next("gone")["killed"] is True
    assert not psutil.pid_exists(int(noted.read_text()))


def test_all_workers_of_a_server_share_its_process_group(
    launcher: Spoken, folder: Callable[[str], Path]
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        launcher.start(folder(APP), listening, workers=2) as status,
    ):
        pids = launcher.next("forked")["pids"]
        said = b""
        while said.count(b"ready\n") < 2:
            said += status.recv(100)
        assert len({os.getpgid(pid) for pid in pids}) == 1
        launcher.tell({"do": "kill", "server": 1})
        assert {launcher.next("exited")["pid"] for _ in pids} == set(pids)
        launcher.next("gone")


def test_an_app_that_cannot_be_imported_exits_with_its_traceback_in_the_log(
    launcher: Spoken, folder: Callable[[str], Path]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        solution = folder("import no_such_module\n")
        with launcher.start(solution, listening):
            assert launcher.next("exited")["code"] == 1
            launcher.next("gone")
    assert "No module named 'no_such_module'" in (solution / "log").read_text()


def test_a_server_that_uses_too_much_is_reported_and_killed(folder: Callable[[str], Path]) -> None:
    source = """
        import os, time
        for _ in range(5):
            if os.fork() == 0:
                time.sleep(600)
        time.sleep(600)
    """
    with (
        launched(Resources(processes=3)) as launcher,
        socket.create_server(("127.0.0.1", 0)) as listening,
        launcher.start(folder(source), listening),
    ):
        exceeded = launcher.next("exceeded")
        assert (exceeded["what"], exceeded["limit"]) == ("processes", 3)
        launcher.next("gone")


def test_sockets_are_made_where_the_launcher_runs(launcher: Spoken) -> None:
    launcher.tell({"do": "sockets", "id": 5, "listening": 1, "plain": 2})
    assert launcher.next("sockets") == {"event": "sockets", "id": 5, "fds": 3}


def test_the_launcher_and_its_servers_end_with_the_grader(
    launcher: Spoken, folder: Callable[[str], Path]
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        launcher.start(folder(APP), listening) as status,
    ):
        (pid,) = launcher.next("forked")["pids"]
        assert status.recv(100) == b"ready\n"
        launcher.control.close()
        assert launcher.process.wait(HANG_S) == 0
    assert not psutil.pid_exists(pid)
