"""The supervisor, spoken to in the launcher's language; its workers run code of these tests instead of a server."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.child.spoken import Spoken, speaking_to
from tests.waiting import HANG_S, wait_until

CODE = """\
import json, os, resource, signal, socket, subprocess, sys, time
from grader.child.control import Control
from grader.child.limits import Resources
from grader.child.process import PR_SET_CHILD_SUBREAPER, set_process_option
from grader.child.supervisor import Supervisor
from grader.child.worker import Confinement

set_process_option(PR_SET_CHILD_SUBREAPER, 1)
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))
woken, wake = socket.socketpair()
control = Control(socket.socket(fileno=int(sys.argv[1])), sends_handles=False)
resources = Resources(**json.loads(sys.argv[2]))
supervisor = Supervisor(control, woken, resources, Confinement(sandboxed=False))
worker = supervisor.run()
if worker is None:
    supervisor.kill_all()
else:
    exec(worker.environ["CODE"])
"""

WAIT = "time.sleep(600)"
SAY_READY = "os.write(worker.status, b'ready');"
STARTS_ANOTHER = f"""
other = subprocess.Popen(["sleep", "600"], start_new_session=True)
os.write(worker.status, str(other.pid).encode())
{WAIT}
"""


@contextmanager
def supervisor_of(**resources: float) -> Iterator[Spoken]:
    with speaking_to(CODE, resources) as spoken:
        yield spoken


@pytest.fixture
def supervisor() -> Iterator[Spoken]:
    with supervisor_of() as spoken:
        yield spoken


@contextmanager
def server(supervisor: Spoken, folder: Path, code: str, workers: int = 1) -> Iterator[Any]:
    """Server 1, whose workers run this code; gives the grader's end of their status socket."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        supervisor.start(folder, listening, workers, CODE=code) as status,
    ):
        yield status


def test_workers_that_exit_are_reported_and_then_their_server_is_gone(
    supervisor: Spoken, tmp_path: Path
) -> None:
    with server(supervisor, tmp_path, "sys.exit(3 if worker.leader else 2)", workers=2):
        pids = supervisor.next("forked")["pids"]
        exits = [supervisor.next("exited") for _ in pids]
        assert {one["pid"] for one in exits} == set(pids)
        assert sorted(one["code"] for one in exits) == [2, 3]
        assert supervisor.next("gone") == {"event": "gone", "server": 1, "killed": False}


def test_a_worker_gets_its_folder_and_only_its_own_descriptors(
    supervisor: Spoken, tmp_path: Path
) -> None:
    own = "worker.listening, worker.log, worker.status, worker.stalls"
    code = f"""
for descriptor in ({own}):
    os.fstat(descriptor)
there = {{int(name) for name in os.listdir("/proc/self/fd")}} if os.path.exists("/proc/self/fd") else set()
others = [fd for fd in there - {{{own}, 0, 1, 2}} if os.path.exists(f"/proc/self/fd/{{fd}}")]
listening = [fd for fd in others if os.path.samestat(os.fstat(fd), os.fstat(worker.listening))]
os.write(worker.log, json.dumps([worker.folder, worker.leader, listening]).encode() + b"\\n")
"""
    with server(supervisor, tmp_path, code, workers=2):
        pids = supervisor.next("forked")["pids"]
        supervisor.next("gone")
    lines = (tmp_path / "log").read_text().splitlines()
    assert all(line.startswith(f'["{tmp_path}"') for line in lines)
    (leader,) = {line.split(", ")[1] for line in lines} - {"0"}
    assert int(leader) in pids
    assert all(line.endswith(", []]") for line in lines)


def test_a_stop_is_a_sigterm_to_each_worker(supervisor: Spoken, tmp_path: Path) -> None:
    code = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7));" + SAY_READY + WAIT
    with server(supervisor, tmp_path, code) as status:
        assert status.recv(100) == b"ready"
        supervisor.tell({"do": "stop", "server": 1, "grace_s": HANG_S})
        assert supervisor.next("exited")["code"] == 7
        assert supervisor.next("gone")["killed"] is False


def test_a_worker_that_outlives_the_grace_period_is_killed(
    supervisor: Spoken, tmp_path: Path
) -> None:
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SAY_READY + WAIT
    with server(supervisor, tmp_path, code) as status:
        assert status.recv(100) == b"ready"
        supervisor.tell({"do": "stop", "server": 1, "grace_s": 0.0})
        assert supervisor.next("exited")["code"] == -signal.SIGKILL
        assert supervisor.next("gone")["killed"] is True


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere orphans are not adopted")
def test_a_process_that_left_the_group_is_reported_and_killed_with_its_server(
    supervisor: Spoken, tmp_path: Path
) -> None:
    with server(supervisor, tmp_path, STARTS_ANOTHER) as status:
        other = int(status.recv(100))
        while other not in supervisor.next("others")["pids"]:
            pass
        supervisor.tell({"do": "kill", "server": 1})
        supervisor.next("gone")
        assert not psutil.pid_exists(other)


@pytest.mark.skipif(sys.platform != "linux", reason="the supervisor reads /proc")
def test_servers_that_use_too_much_are_reported_and_killed(tmp_path: Path) -> None:
    with supervisor_of(processes=1) as supervisor, server(supervisor, tmp_path, STARTS_ANOTHER):
        assert supervisor.next("exceeded") == {
            "event": "exceeded",
            "server": 1,
            "what": "processes",
            "limit": 1,
            "seen": 2,
        }
        assert supervisor.next("exited")["code"] == -signal.SIGKILL
        supervisor.next("gone")


def test_sockets_are_passed_out_the_listening_ones_first(supervisor: Spoken) -> None:
    supervisor.tell({"do": "sockets", "id": 5, "listening": 1, "plain": 1})
    _, descriptors, _, _ = socket.recv_fds(supervisor.control, 1000, 10)
    listening, plain = (socket.socket(fileno=descriptor) for descriptor in descriptors)
    with listening, plain:
        plain.connect(listening.getsockname())


def test_sockets_that_cannot_be_made_are_an_error(supervisor: Spoken) -> None:
    supervisor.tell({"do": "sockets", "id": 5, "listening": 0, "plain": 100})
    assert supervisor.next("sockets") == {
        "event": "sockets",
        "id": 5,
        "error": "Too many open files",
    }


def test_a_command_about_a_server_that_is_gone_does_nothing(
    supervisor: Spoken, tmp_path: Path
) -> None:
    supervisor.tell({"do": "stop", "server": 7, "grace_s": 0.0})
    supervisor.tell({"do": "kill", "server": 7})
    with server(supervisor, tmp_path, ""):
        assert supervisor.next("gone")["server"] == 1


def test_nothing_is_left_when_the_grader_is_gone(supervisor: Spoken, tmp_path: Path) -> None:
    with server(supervisor, tmp_path, STARTS_ANOTHER) as status:
        (pid,) = supervisor.next("forked")["pids"]
        other = int(status.recv(100))
        supervisor.control.close()
        assert supervisor.process.wait(HANG_S) == 0
        assert not psutil.pid_exists(pid)
        if sys.platform == "linux":
            wait_until(lambda: not psutil.pid_exists(other))
        else:
            os.kill(other, signal.SIGKILL)
