"""How the process of a watch ends."""

import signal

import pytest

from grader.interactive.watch.watch import end_with


def test_a_watch_that_was_quit_ends_normally() -> None:
    end_with(0)


def test_after_ctrl_c_it_ends_as_an_interrupted_command() -> None:
    with pytest.raises(KeyboardInterrupt):
        end_with(signal.SIGINT)


def test_another_signal_ends_the_process_itself() -> None:
    received: list[int] = []
    before = signal.signal(signal.SIGHUP, lambda number, frame: received.append(number))
    try:
        end_with(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert received == [signal.SIGHUP]
