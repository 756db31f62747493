"""The keyboard of a terminal that is not ours: it is left alone."""

import os
import pty
import termios
from collections.abc import Iterator

import pytest

from grader.interactive.watch.keyboard import SEQUENCE, Keyboard


@pytest.fixture
def foreign() -> Iterator[int]:
    """A terminal in which this process is not in the foreground."""
    master, slave = pty.openpty()
    yield slave
    os.close(master)
    os.close(slave)


def test_a_terminal_of_another_program_keeps_its_modes(foreign: int) -> None:
    before = termios.tcgetattr(foreign)
    keyboard = Keyboard(foreign)
    with keyboard.listening():
        assert termios.tcgetattr(foreign) == before
        with keyboard.released():
            keyboard.take()
            assert termios.tcgetattr(foreign) == before
    assert termios.tcgetattr(foreign) == before


@pytest.mark.parametrize(
    ("typed", "keys"),
    [
        ("h", "h"),
        ("\x1b[A", ""),
        ("\x1bOP", ""),
        ("\x1b[1;5Cq", "q"),
        ("\x1bx", ""),
        ("a\x1b[15~b", "ab"),
        ("\x1b", ""),
    ],
)
def test_arrow_and_function_keys_are_no_letters(typed: str, keys: str) -> None:
    assert SEQUENCE.sub("", typed) == keys
