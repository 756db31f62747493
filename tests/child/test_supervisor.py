"""The supervisor, spoken to in the launcher's language."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.child.spoken import Spoken
from tests.child.supervised import STARTS_ANOTHER, server, supervisor_of
from tests.waiting import HANG_S, wait_until


@pytest.fixture
def supervisor() -> Iterator[Spoken]:
    with supervisor_of() as spoken:
        yield spoken


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


def test_nothing_is_left_of_any_server_when_the_grader_is_gone(
    supervisor: Spoken, tmp_path: Path
) -> None:
    with (
        server(supervisor, tmp_path, STARTS_ANOTHER, number=1) as status,
        server(supervisor, tmp_path, STARTS_ANOTHER, number=2) as status_of_sibling,
    ):
        pids = [pid for _ in range(2) for pid in supervisor.next("forked")["pids"]]
        others = [int(one.recv(100)) for one in (status, status_of_sibling)]
        supervisor.control.close()
        assert supervisor.process.wait(HANG_S) == 0
        assert not any(psutil.pid_exists(pid) for pid in pids)
        if sys.platform == "linux":
            wait_until(lambda: not any(psutil.pid_exists(other) for other in others))
        else:
            for other in others:
                os.kill(other, signal.SIGKILL)
