"""What is reported of a loop from inside: where it is blocked, and what its tasks wait for."""

import asyncio
import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from grader.child.stalls import (
    BEAT_S,
    LATE_S,
    CoreWaits,
    Watchdog,
    running_place,
    waiting_place,
)
from tests.waiting import HANG_S, LOOK_S

FOLDER = f"{Path(__file__).parent}{os.sep}"


class SlowToStart(Watchdog):
    """A watchdog whose loop has no core for a while just before its first beat."""

    def _beat(self) -> None:
        if self._last is None:
            time.sleep(3 * BEAT_S)
        super()._beat()


@pytest.fixture
def pipe(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[tuple[Watchdog, int]]:
    """A watchdog for code in this folder, of the parameter's type if there is one, and the reading end of its pipe."""
    monkeypatch.chdir(FOLDER)
    reading, writing = os.pipe()
    watchdog = getattr(request, "param", Watchdog)(writing)
    yield watchdog, reading
    watchdog.stop()
    os.close(reading)
    os.close(writing)


def test_the_innermost_frame_in_the_folder_counts() -> None:
    frame = sys._getframe()
    place = running_place(frame, FOLDER)
    assert place is not None
    assert (place[0], place[2]) == (__file__, "test_the_innermost_frame_in_the_folder_counts")
    assert running_place(frame, "/nowhere/") is None
    assert running_place(None, FOLDER) is None


async def wait_here(event: asyncio.Event) -> None:
    await event.wait()


async def wait_there(event: asyncio.Event) -> None:
    await wait_here(event)


async def test_a_waiting_task_is_at_its_innermost_frame_in_the_folder() -> None:
    event = asyncio.Event()
    task = asyncio.create_task(wait_there(event))
    await asyncio.sleep(0)
    place = waiting_place(task, FOLDER)
    assert place is not None
    assert (place[0], place[2]) == (__file__, "wait_here")
    assert waiting_place(task, "/nowhere/") is None
    event.set()
    await task


async def test_a_blocked_loop_is_reported_with_its_place_and_again_when_it_resumes(
    pipe: tuple[Watchdog, int],
) -> None:
    watchdog, reading = pipe
    watchdog.start()
    # Reading blocks the loop, until the watchdog's thread reports just that.
    kind, beat, seconds, _, function, file = os.read(reading, 1000).decode().split("\n")[0].split()
    assert (kind, beat, file) == ("at", "0", __file__)
    assert function == ("test_a_blocked_loop_is_reported_with_its_place_and_again_when_it_resumes")
    assert float(seconds) >= LATE_S  # it is rounded
    said = ""
    os.set_blocking(reading, False)
    async with asyncio.timeout(HANG_S):
        while "resumed 0 " not in said:
            await asyncio.sleep(LOOK_S)
            with contextlib.suppress(BlockingIOError):
                said += os.read(reading, 1000).decode()


@pytest.mark.parametrize("pipe", [SlowToStart], indirect=True)
async def test_a_loop_is_watched_even_if_its_first_beat_is_late(
    pipe: tuple[Watchdog, int],
) -> None:
    watchdog, reading = pipe
    watchdog.start()
    assert os.read(reading, 1000).startswith(b"at 0 ")  # which blocks the loop


async def test_tasks_that_wait_at_the_same_place_are_counted_together(
    pipe: tuple[Watchdog, int],
) -> None:
    watchdog, reading = pipe
    event = asyncio.Event()
    tasks = [asyncio.create_task(wait_here(event)) for _ in range(3)]
    await asyncio.sleep(0)
    watchdog.report_tasks()
    lines = os.read(reading, 10_000).decode().splitlines()
    assert next(line for line in lines if f" wait_here {__file__}" in line).split()[:2] == [
        "waiting",
        "3",
    ]
    event.set()
    await asyncio.gather(*tasks)


class NoCore(CoreWaits):
    """The waits of a thread that has had no core since the beginning.

    Attributes:
        was_late: set when it was asked so late that a loop with a core would have been blocked.
    """

    def __init__(self) -> None:
        self._began_s = time.monotonic()
        self.was_late = threading.Event()

    def total_s(self) -> float:
        waited_s = time.monotonic() - self._began_s
        if waited_s > 2 * LATE_S:
            self.was_late.set()
        return waited_s


async def test_a_loop_that_has_no_core_is_not_blocked(
    pipe: tuple[Watchdog, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    watchdog, reading = pipe
    waits = NoCore()
    monkeypatch.setattr(watchdog, "_waits", waits)
    os.set_blocking(reading, False)
    watchdog.start()
    assert waits.was_late.wait(HANG_S)  # blocks the loop until the watchdog's thread has asked
    said = b""
    while not said.endswith(b"\n"):  # the loop goes on
        await asyncio.sleep(BEAT_S)
        with contextlib.suppress(BlockingIOError):
            said += os.read(reading, 1000)
    assert {line.split()[0] for line in said.splitlines()} == {b"resumed"}


def test_waits_for_a_core_only_grow() -> None:
    waits = CoreWaits()
    first_s = waits.total_s()
    assert 0.0 <= first_s <= waits.total_s()
