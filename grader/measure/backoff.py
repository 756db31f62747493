"""How often to look at what nobody tells of, without keeping oneself busy with looking."""

import time

import anyio

LONGEST_S = 0.1
"""No pause is longer."""

FACTOR = 2
"""A pause lasts at least so many times what it cost to be woken from the last one, and to look: a third of the time
goes into that at most, until the longest pause is reached."""


class Pace:
    """Pauses between looks. On a quiet machine they are short; where each waking is a wait for a core they grow.

    A grader that wakes 500 times a second beside busy processes waits for a core most of the time. That time cannot be
    the solution's own, so it would take the longer to see that a wrong one will never do what is waited for.

    Args:
        shortest_s: the pause on a quiet machine.
    """

    def __init__(self, shortest_s: float) -> None:
        self._shortest_s = shortest_s
        self._pause_s = shortest_s
        self._woken_s = 0.0

    async def pause(self) -> float:
        """Wait for the next look.

        Returns:
            by how many seconds the waking was late.
        """
        began_s = time.monotonic()
        looking_s = began_s - self._woken_s if self._woken_s else 0.0
        await anyio.sleep(self._pause_s)
        self._woken_s = time.monotonic()
        late_s = max(0.0, self._woken_s - began_s - self._pause_s)
        self._pause_s = next_pause_s(self._shortest_s, self._pause_s, late_s + looking_s)
        return late_s


def next_pause_s(shortest_s: float, pause_s: float, cost_s: float) -> float:
    """How long to pause after a pause whose waking, with the look before, cost so much; pauses shrink by halves."""
    return min(LONGEST_S, max(shortest_s, FACTOR * cost_s, pause_s / 2))
