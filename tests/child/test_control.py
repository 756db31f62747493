"""The launcher's end of the socket to the grader: commands in, events out, descriptors beside them."""

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.child.control import Control


@pytest.fixture
def pair() -> Iterator[tuple[Control, socket.socket]]:
    """A control without process handles, and the grader's end of it."""
    ours, theirs = socket.socketpair()
    with theirs:
        control = Control(ours, sends_handles=False)
        yield control, theirs
        control.close()


def test_a_read_gives_all_commands_that_are_whole(pair: tuple[Control, socket.socket]) -> None:
    control, grader = pair
    grader.sendall(b'{"do": "one"}\n{"do": "two"}\n{"do": "th')
    assert control.read() == [{"do": "one"}, {"do": "two"}]
    grader.sendall(b'ree"}\n')
    assert control.read() == [{"do": "three"}]


def test_a_grader_that_is_gone_is_none(pair: tuple[Control, socket.socket]) -> None:
    control, grader = pair
    grader.close()
    assert control.read() is None


def test_a_grader_that_went_away_without_reading_all_events_is_none(
    pair: tuple[Control, socket.socket],
) -> None:
    control, grader = pair
    control.say({"event": "unread"})
    grader.close()
    assert control.read() is None


def test_descriptors_are_taken_in_the_order_in_which_they_came(
    pair: tuple[Control, socket.socket], tmp_path: Path
) -> None:
    control, grader = pair
    for name in ("a", "b", "c"):
        with open(tmp_path / name, "w") as file:
            socket.send_fds(grader, [b"{}\n"], [file.fileno()])
    commands = 0
    while commands < 3:
        commands += len(control.read() or ())
    for name, descriptor in zip("abc", control.take_descriptors(3), strict=True):
        assert os.path.samestat(os.fstat(descriptor), (tmp_path / name).stat())
        os.close(descriptor)
    assert control.take_descriptors(3) == []


def test_descriptors_that_nobody_has_taken_are_closed_in_a_forked_child(
    pair: tuple[Control, socket.socket], tmp_path: Path
) -> None:
    control, grader = pair
    with open(tmp_path / "a", "w") as file:
        socket.send_fds(grader, [b"{}\n"], [file.fileno(), file.fileno()])
    control.read()
    (taken,) = control.take_descriptors(1)
    control.drop_descriptors()
    assert control.take_descriptors(1) == []
    os.close(taken)


def test_an_event_says_how_many_descriptors_come_with_it(
    pair: tuple[Control, socket.socket], tmp_path: Path
) -> None:
    control, grader = pair
    control.say({"event": "plain"})
    assert json.loads(grader.recv(1000)) == {"event": "plain"}
    with open(tmp_path / "a", "w") as file:
        control.say({"event": "more"}, [file.fileno(), file.fileno()])
    data, descriptors, _, _ = socket.recv_fds(grader, 1000, 10)
    assert json.loads(data) == {"event": "more", "fds": 2}
    assert len(descriptors) == 2
    for descriptor in descriptors:
        os.close(descriptor)


def test_processes_are_named_by_their_pids(pair: tuple[Control, socket.socket]) -> None:
    control, grader = pair
    control.say_with_processes({"event": "others"}, {7, 3})
    assert json.loads(grader.recv(1000)) == {"event": "others", "pids": [3, 7]}


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="only Linux has descriptors of processes")
def test_in_a_sandbox_a_descriptor_of_each_living_process_comes_along() -> None:
    ours, grader = socket.socketpair()
    with grader:
        control = Control(ours, sends_handles=True)
        no_process = 2**22 + 1  # above the largest pid
        control.say_with_processes({"event": "others"}, {os.getpid(), no_process})
        data, descriptors, _, _ = socket.recv_fds(grader, 1000, 10)
        assert json.loads(data) == {"event": "others", "pids": [os.getpid()], "fds": 1}
        os.close(descriptors[0])
        control.close()


def test_an_event_to_a_grader_that_is_gone_is_dropped(pair: tuple[Control, socket.socket]) -> None:
    control, grader = pair
    grader.close()
    control.say({"event": "late"})
