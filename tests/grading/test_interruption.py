"""Ctrl-C and SIGTERM while checks run: each interrupts, and the previous handlers return."""

import signal
import threading
from collections.abc import Iterator
from types import FrameType

import pytest

from grader.grading.interruption import SIGNALS, signals_interrupt


@pytest.fixture
def caught() -> Iterator[list[int]]:
    """The signals that reach the handlers which are there before."""
    seen: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        seen.append(number)

    before = {number: signal.signal(number, note) for number in SIGNALS}
    yield seen
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_interrupts_at_once(caught: list[int], number: int) -> None:
    interruptions: list[int] = []
    with signals_interrupt(lambda: interruptions.append(number)):
        signal.raise_signal(number)
        assert interruptions == [number]
        assert caught == []


def test_a_sigterm_reaches_the_previous_handler_afterwards(caught: list[int]) -> None:
    with signals_interrupt(lambda: None):
        signal.raise_signal(signal.SIGTERM)
    assert caught == [signal.SIGTERM]


def test_a_sigint_does_not_reach_the_previous_handler(caught: list[int]) -> None:
    with signals_interrupt(lambda: None):
        signal.raise_signal(signal.SIGINT)
    assert caught == []


def test_the_previous_handlers_return_even_after_an_error(caught: list[int]) -> None:
    with pytest.raises(ZeroDivisionError), signals_interrupt(lambda: None):
        raise ZeroDivisionError
    signal.raise_signal(signal.SIGINT)
    assert caught == [signal.SIGINT]


def test_nothing_changes_in_another_thread(caught: list[int]) -> None:
    handlers: list[object] = []

    def look() -> None:
        with signals_interrupt(lambda: None):
            handlers.extend(signal.getsignal(number) for number in SIGNALS)

    before = [signal.getsignal(number) for number in SIGNALS]
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert handlers == before
