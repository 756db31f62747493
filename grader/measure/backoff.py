"""A polling interval that grows on a busy machine, so that polling does not itself keep the grader busy."""

import time

import anyio

LONGEST_S = 0.1
"""Upper bound of the polling interval."""

FACTOR = 2
"""A pause lasts at least this many times the cost of the last wake-up and poll, so polling takes at most a third of the
time, until the interval reaches its upper bound."""


class Backoff:
    """Pauses between polls: short on a quiet machine, longer if each wake-up has to wait for a core.

    Beside busy processes, a grader that wakes 500 times a second waits for a core most of the time. Those waits do not
    count as the solution's own time, so it would take longer to give up on a wrong solution.

    Args:
        shortest_s: the pause on a quiet machine.
    """

    def __init__(self, shortest_s: float) -> None:
        self._shortest_s = shortest_s
        self._pause_s = shortest_s
        self._woken_s = 0.0

    async def pause(self) -> float:
        """Wait until the next poll is due.

        Returns:
            how late the wake-up was, in seconds.
        """
        began_s = time.monotonic()
        polling_s = began_s - self._woken_s if self._woken_s else 0.0
        await anyio.sleep(self._pause_s)
        self._woken_s = time.monotonic()
        late_s = max(0.0, self._woken_s - began_s - self._pause_s)
        self._pause_s = next_pause_s(self._shortest_s, self._pause_s, late_s + polling_s)
        return late_s


def next_pause_s(shortest_s: float, pause_s: float, cost_s: float) -> float:
    """The pause that follows a pause of `pause_s`.

    Args:
        shortest_s: the pause on a quiet machine.
        pause_s: the last pause. Each pause is at least half as long as the one before.
        cost_s: how late the last wake-up was, plus the time that the poll before it took.
    """
    return min(LONGEST_S, max(shortest_s, FACTOR * cost_s, pause_s / 2))
