"""Waiting until nothing new happens."""

import anyio

from grader.measure.attempt import AttemptContext
from grader.measure.stillness import spent_s, stays


async def test_a_state_that_stays_is_watched_for_the_whole_time(attempt: AttemptContext) -> None:
    opening = attempt.watcher.open()
    assert await stays(attempt, lambda: 1, 0.05)
    assert attempt.watcher.close(opening).elapsed_s >= 0.05


async def test_a_change_ends_the_wait(attempt: AttemptContext) -> None:
    seen = [1]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(change, seen)
        assert not await stays(attempt, lambda: len(seen), 600)


async def change(seen: list[int]) -> None:
    seen.append(2)


async def test_the_time_spent_is_at_most_what_the_clock_says(attempt: AttemptContext) -> None:
    opening = attempt.watcher.open()
    await anyio.sleep(0.02)
    assert spent_s(attempt, opening) <= attempt.watcher.close(opening).elapsed_s
