"""Keepers: what each reports and ends is its own server, and nothing else."""

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from grader.child.keeper import make_own_folder
from tests.child.spoken import Spoken
from tests.child.supervised import SAY_READY, STARTS_ANOTHER, WAIT, server, supervisor_of
from tests.waiting import HANG_S, wait_until

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere orphans are not adopted")


@pytest.fixture
def supervisor() -> Iterator[Spoken]:
    with supervisor_of() as spoken:
        yield spoken


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


def test_each_server_has_a_temporary_folder_of_its_own_until_it_is_gone(
    supervisor: Spoken, tmp_path: Path
) -> None:
    code = """
folder = worker.environ["TMPDIR"]
open(folder + "/file", "x").close()
os.write(worker.log, json.dumps([folder, sorted(os.listdir(folder))]).encode() + b"\\n")
"""
    for number in 1, 2:
        with server(supervisor, tmp_path, code, number=number):
            supervisor.next("gone")
    one, other = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert one[0] != other[0]
    assert one[1] == other[1] == ["file"]
    assert not Path(one[0]).exists()
    assert not Path(other[0]).exists()


def test_without_room_for_a_temporary_folder_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tmp_path.rmdir()
    assert make_own_folder() is None


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


@on_linux
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


@on_linux
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


@on_linux
def test_what_one_server_starts_is_reported_and_killed_with_it_and_the_sibling_lives_on(
    supervisor: Spoken, tmp_path: Path
) -> None:
    with (
        server(supervisor, tmp_path, STARTS_ANOTHER, number=1) as status,
        server(supervisor, tmp_path, STARTS_ANOTHER, number=2) as status_of_sibling,
    ):
        other, others = int(status.recv(100)), int(status_of_sibling.recv(100))
        seen: dict[int, list[int]] = {}
        while len(seen) < 2:
            event = supervisor.next("others")
            seen[event["server"]] = event["pids"]
        assert seen == {1: [other], 2: [others]}
        supervisor.tell({"do": "kill", "server": 1})
        assert supervisor.next("gone")["server"] == 1
        assert not psutil.pid_exists(other)
        assert psutil.pid_exists(others)
        supervisor.tell({"do": "kill", "server": 2})
        assert supervisor.next("gone")["server"] == 2
        assert not psutil.pid_exists(others)


@on_linux
def test_each_server_may_use_as_much_as_the_limits_allow(tmp_path: Path) -> None:
    with (
        supervisor_of(processes=2) as supervisor,
        server(supervisor, tmp_path, STARTS_ANOTHER, number=1),
        server(supervisor, tmp_path, STARTS_ANOTHER, number=2),
    ):
        greedy = STARTS_ANOTHER.replace(WAIT, "") + STARTS_ANOTHER
        with server(supervisor, tmp_path, greedy, number=3):
            assert supervisor.next("exceeded")["server"] == 3
            assert supervisor.next("exited")["server"] == 3
            assert supervisor.next("gone")["server"] == 3
            for number in (1, 2):  # they have run for longer, and nothing has been said of them
                supervisor.tell({"do": "kill", "server": number})
                assert supervisor.next("exited")["killed"] is True


def test_a_start_does_not_wait_for_a_server_that_is_being_killed(
    supervisor: Spoken, tmp_path: Path
) -> None:
    code = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" + SAY_READY + WAIT
    with server(supervisor, tmp_path, code, number=1) as status:
        assert status.recv(100) == b"ready"
        supervisor.tell({"do": "stop", "server": 1, "grace_s": HANG_S})
        with server(supervisor, tmp_path, SAY_READY + WAIT, number=2) as status_of_sibling:
            assert status_of_sibling.recv(100) == b"ready"
        supervisor.tell({"do": "kill", "server": 1})
        assert supervisor.next("gone")["server"] == 1


def test_an_exit_by_a_kill_of_the_grader_is_told_from_one_of_the_app(
    supervisor: Spoken, tmp_path: Path
) -> None:
    with server(supervisor, tmp_path, "os.kill(os.getpid(), signal.SIGKILL)", number=1):
        exited = supervisor.next("exited")
        assert (exited["code"], exited["killed"]) == (-signal.SIGKILL, False)
    with server(supervisor, tmp_path, SAY_READY + WAIT, number=2) as status:
        assert status.recv(100) == b"ready"
        supervisor.tell({"do": "kill", "server": 2})
        exited = supervisor.next("exited")
        assert (exited["code"], exited["killed"]) == (-signal.SIGKILL, True)


def test_a_server_that_lingers_after_its_stop_outlives_the_grace_period(
    supervisor: Spoken, tmp_path: Path
) -> None:
    code = "signal.signal(signal.SIGTERM, lambda *_: os.write(worker.status, b'down'));"
    with server(supervisor, tmp_path, code + SAY_READY + WAIT) as status:
        assert status.recv(100) == b"ready"
        supervisor.tell({"do": "stop", "server": 1, "grace_s": 0.5})
        supervisor.tell({"do": "linger", "server": 1})
        assert status.recv(100) == b"down"
        with server(supervisor, tmp_path, "time.sleep(1)", number=2):
            assert supervisor.next("gone")["server"] == 2
        supervisor.tell({"do": "kill", "server": 1})
        assert supervisor.next("gone") == {"event": "gone", "server": 1, "killed": False}


def test_a_worker_has_no_descriptor_of_the_launcher_its_keeper_or_a_sibling(
    supervisor: Spoken, tmp_path: Path
) -> None:
    code = """
there = {int(name) for name in os.listdir("/dev/fd")} - {0, 1, 2}
own = {worker.listening, worker.log, worker.status, worker.stalls}
left = [fd for fd in there - own if os.path.exists(f"/dev/fd/{fd}")]
os.write(worker.status, json.dumps(left).encode())
"""
    with (
        server(supervisor, tmp_path, SAY_READY + WAIT, number=1),
        server(supervisor, tmp_path, code, number=2) as status,
    ):
        assert status.recv(100) == b"[]"


@on_linux
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_server_that_ends_or_stops_its_keeper_ends_with_all_that_it_started_and_alone(
    supervisor: Spoken, tmp_path: Path, number: signal.Signals
) -> None:
    attacks = STARTS_ANOTHER.replace(WAIT, f"os.kill(os.getppid(), {int(number)})\n{WAIT}")
    with (
        server(supervisor, tmp_path, SAY_READY + WAIT, number=1) as status_of_sibling,
        server(supervisor, tmp_path, attacks, number=2) as status,
    ):
        assert status_of_sibling.recv(100) == b"ready"
        other = int(status.recv(100))
        exited = supervisor.next("exited")
        assert (exited["server"], exited["code"]) == (2, -signal.SIGKILL)
        assert exited["killed"] is False
        assert supervisor.next("gone")["server"] == 2
        wait_until(lambda: not psutil.pid_exists(other))
        supervisor.tell({"do": "kill", "server": 1})
        assert supervisor.next("exited")["killed"] is True


@on_linux
def test_servers_end_with_all_that_they_started_when_the_launcher_is_killed(
    supervisor: Spoken, tmp_path: Path
) -> None:
    with server(supervisor, tmp_path, STARTS_ANOTHER) as status:
        (pid,) = supervisor.next("forked")["pids"]
        other = int(status.recv(100))
        supervisor.process.kill()
        wait_until(lambda: not psutil.pid_exists(pid) and not psutil.pid_exists(other))
