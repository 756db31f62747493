"""This process and its terminal while an app runs in the foreground: all is as before afterwards."""

import io
import os
import pty
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from grader.tools.terminal import adopted_orphans, kept_terminal, uninterrupted
from tests.cli.terminals import terminal

WITHOUT_ECHO = """
import os, termios
from grader.tools.terminal import kept_terminal
with kept_terminal():
    modes = termios.tcgetattr(0)
    modes[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, modes)
    print("hidden:", not termios.tcgetattr(0)[3] & termios.ECHO)
"""

ORPHAN = ["sh", "-c", "sleep 600 > /dev/null & echo $!"]


def is_blocked() -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_sigint_is_blocked_only_while_processes_start() -> None:
    with uninterrupted():
        assert is_blocked()
    assert not is_blocked()


def test_a_mask_that_was_there_before_is_restored() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        with uninterrupted():
            pass
        assert is_blocked()
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def test_the_terminal_has_its_echo_again(tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[2])
    with terminal(
        [sys.executable, "-c", WITHOUT_ECHO], tmp_path, environ={"PYTHONPATH": root}
    ) as opened:
        opened.until("hidden: True")
        assert opened.end() == 0
        assert opened.is_as_before


@pytest.fixture
def foreign() -> Iterator[int]:
    """A terminal in which this process is not in the foreground."""
    master, slave = pty.openpty()
    yield slave
    os.close(master)
    os.close(slave)


def test_in_the_background_the_terminal_is_left_alone(
    foreign: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open(foreign, closefd=False) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        with kept_terminal():
            modes = termios.tcgetattr(foreign)
            modes[3] &= ~termios.ECHO
            termios.tcsetattr(foreign, termios.TCSANOW, modes)
        assert termios.tcgetattr(foreign) == modes


@pytest.mark.parametrize("stdin", [None, io.StringIO()])
def test_without_a_terminal_there_is_nothing_to_keep(
    stdin: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    entered = False
    with kept_terminal():
        entered = True
    assert entered


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process adopt orphans")
def test_orphans_are_adopted_within_the_block_only() -> None:
    parents = []
    with adopted_orphans():
        parents.append(parent_of_an_orphan())
    parents.append(parent_of_an_orphan())
    assert parents[0] == os.getpid()
    assert parents[1] != os.getpid()


def parent_of_an_orphan() -> int:
    """The pid of the process that adopts an orphan; the orphan is gone afterwards."""
    orphan = psutil.Process(int(subprocess.run(ORPHAN, stdout=subprocess.PIPE, check=True).stdout))
    parent = orphan.ppid()
    orphan.kill()
    if parent == os.getpid():
        os.waitpid(orphan.pid, 0)
    return parent
