"""Polling is frequent on a quiet machine, and backs off on a busy one."""

import asyncio
import time

import anyio
import pytest

from grader.measure.backoff import FACTOR, LONGEST_S, Backoff, next_pause_s


@pytest.mark.parametrize(
    ("pause_s", "cost_s", "following_s"),
    [
        pytest.param(0.01, 0.0, 0.01, id="free polls keep the shortest pause"),
        pytest.param(0.01, 0.0001, 0.01, id="cheap polls keep the shortest pause"),
        pytest.param(0.01, 0.02, 0.02 * FACTOR, id="a costly poll lengthens the pause"),
        pytest.param(0.01, 3.0, LONGEST_S, id="no pause is longer than the limit"),
        pytest.param(0.08, 0.0, 0.04, id="a pause shrinks by half at most"),
        pytest.param(0.015, 0.0, 0.01, id="no pause is shorter than the shortest"),
    ],
)
def test_pauses_grow_with_the_cost_of_a_poll_and_shrink_by_halves(
    pause_s: float, cost_s: float, following_s: float
) -> None:
    assert next_pause_s(0.01, pause_s, cost_s) == pytest.approx(following_s)


async def test_slow_polls_are_rare() -> None:
    async def polls_within(seconds: float, poll_s: float) -> int:
        backoff, polls = Backoff(0.001), 0
        with anyio.move_on_after(seconds):
            while True:
                polls += 1
                await anyio.sleep(poll_s)
                await backoff.pause()
        return polls

    # A poll of 0.05 s is followed by a pause of 0.1 s: 0.6 s have room for 5 polls, and without pauses for 12.
    assert await polls_within(0.6, poll_s=0.05) <= 6


async def test_a_blocked_loop_shows_as_a_late_wake_up() -> None:
    asyncio.get_running_loop().call_soon(time.sleep, 0.2)
    assert await Backoff(0.01).pause() >= 0.15
