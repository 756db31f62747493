"""Waits until nothing new has happened for some time of the solution's own."""

from collections.abc import Callable

import anyio

from grader.measure.attempt import AttemptContext
from grader.measure.timing import LET_RUN_FACTOR, WatchStart, own_or_elapsed_s

POLL_S = 0.01
"""Interval at which the state is compared; reading it costs microseconds."""

RESTLESS = 8
"""How many times as long as the stillness itself the wait for it may take, in own time."""


async def stays(attempt: AttemptContext, state: Callable[[], object], for_s: float) -> bool:
    """Wait until a state has not changed for this long, or until it changes; returns whether it stayed.

    The time is the solution's own, so that a wrong app has the time to act, however busy the machine is. If the server
    never gets a core, `LET_RUN_FACTOR` times as long on the clock is enough.

    Args:
        attempt: measures own time.
        state: what must not change.
        for_s: how long, in seconds.
    """
    before, opening = state(), attempt.watcher.open()
    look_at_s = opening.at_s + for_s
    while state() == before:
        now_s = attempt.clock.now()
        if now_s >= look_at_s:
            watch = attempt.watcher.close(opening)
            missing_s = for_s - own_or_elapsed_s(watch)
            if missing_s <= 0 or watch.elapsed_s > LET_RUN_FACTOR * for_s:
                return True
            look_at_s = now_s + missing_s
        await anyio.sleep(min(POLL_S, max(0.0, look_at_s - now_s)))
    return False


def spent_s(attempt: AttemptContext, since: WatchStart) -> float:
    """Own time since then, in seconds; elapsed time if the system does not report CPU times."""
    return own_or_elapsed_s(attempt.watcher.close(since))
