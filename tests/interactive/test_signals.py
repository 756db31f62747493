"""Signals that end a command: counted, passed on, and handlers restored."""

import os
import signal
from collections.abc import Callable, Iterator

import anyio
import pytest

from grader.interactive.signals import EndSignals, follow_signals, not_ignored, restored_handlers
from tests.waiting import HANG_S


@pytest.fixture
def handled() -> Iterator[list[int]]:
    """Signals that reach the handler that was there before."""
    seen: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    yield seen
    signal.signal(signal.SIGTERM, before)


def test_ignored_signals_stay_ignored(handled: list[int]) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert not_ignored([signal.SIGTERM, signal.SIGINT]) == [signal.SIGINT]


def test_handlers_are_restored(handled: list[int]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with restored_handlers():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) is before


async def received(end_signals: EndSignals, *numbers: signal.Signals) -> list[str]:
    """What is called for these signals, sent one after another."""
    called: list[str] = []
    more = anyio.Event()

    def note(word: str) -> Callable[[], None]:
        def call() -> None:
            called.append(word)
            more.set()

        return call

    async with end_signals.handling(note("first"), note("second")):
        for number in numbers:
            more = anyio.Event()
            os.kill(os.getpid(), number)
            with anyio.fail_after(HANG_S):
                await more.wait()
    return called


async def test_the_first_signal_ends_and_every_other_one_hurries(handled: list[int]) -> None:
    end_signals = EndSignals()
    called = await received(end_signals, signal.SIGTERM, signal.SIGTERM, signal.SIGINT)
    assert called == ["first", "second", "second"]
    assert end_signals.signals == [signal.SIGTERM, signal.SIGTERM, signal.SIGINT]


def test_a_sigterm_is_passed_on_when_the_command_has_cleaned_up(handled: list[int]) -> None:
    end_signals = EndSignals()
    with end_signals.restoring():
        anyio.run(received, end_signals, signal.SIGTERM)
        assert handled == []
    assert handled == [signal.SIGTERM]


def test_a_ctrl_c_is_not_passed_on(handled: list[int]) -> None:
    end_signals = EndSignals()
    with end_signals.restoring():
        anyio.run(received, end_signals, signal.SIGINT)
    assert handled == []


async def test_each_signal_calls_its_function() -> None:
    called: list[object] = []
    more = anyio.Event()

    def note(what: object) -> None:
        called.append(what)
        more.set()

    with restored_handlers():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(follow_signals, note, lambda: note("pause"), lambda: note("go on"))
            await anyio.wait_all_tasks_blocked()
            for number in (signal.SIGTSTP, signal.SIGCONT, signal.SIGHUP):
                more = anyio.Event()
                os.kill(os.getpid(), number)
                with anyio.fail_after(HANG_S):
                    await more.wait()
            tasks.cancel_scope.cancel()
    assert called == ["pause", "go on", signal.SIGHUP]
