"""Looking often costs little on a quiet machine, and must not cost much on a busy one."""

import time

import anyio
import pytest

from grader.measure.backoff import FACTOR, LONGEST_S, Pace, next_pause_s


@pytest.mark.parametrize(
    ("pause_s", "cost_s", "following_s"),
    [
        (0.01, 0.0, 0.01),
        (0.01, 0.0001, 0.01),
        (0.01, 0.02, 0.02 * FACTOR),
        (0.01, 3.0, LONGEST_S),
        (0.08, 0.0, 0.04),
        (0.015, 0.0, 0.01),
    ],
)
def test_pauses_grow_with_what_a_look_costs_and_shrink_by_halves(
    pause_s: float, cost_s: float, following_s: float
) -> None:
    assert next_pause_s(0.01, pause_s, cost_s) == pytest.approx(following_s)


async def test_looks_that_take_long_are_taken_seldom() -> None:
    async def looks_within(seconds: float, look_s: float) -> int:
        pace, looks = Pace(0.001), 0
        with anyio.move_on_after(seconds):
            while True:
                looks += 1
                await anyio.sleep(look_s)
                await pace.pause()
        return looks

    # A look of 0.05 s is followed by a pause of 0.1 s, so there is room for 5 in 0.6 s, and would be for 12 without
    # pauses.
    assert await looks_within(0.6, look_s=0.05) <= 6


async def test_a_loop_that_stood_still_is_told_how_late_it_was() -> None:
    pace = Pace(0.01)

    async def stand_still() -> None:
        time.sleep(0.2)  # noqa: ASYNC251  # what is told

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stand_still)
        assert await pace.pause() >= 0.15
