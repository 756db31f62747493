"""Gates: waiting, with a generous deadline, for something that must come about whatever the machine's speed."""

from collections.abc import Callable

import anyio

from grader.evidence.claims import GateClaim
from grader.judge.rule import GATE_PATIENCE_S
from grader.judge.witnesses import is_own_doing
from grader.measure.attempt import AttemptContext

DEADLINE_S = 3.0
"""Default deadline of a gate. Right apps opened theirs within 0.22 s at 32 busy processes on 2 cores (design)."""

DEADLINE_CROWD_S = 5.0
"""The same where more than 20 are awaited."""


LOOK_S = 0.03
"""How often it is looked, once the patience may be over, whether the waiting is the code's own doing."""


class GateMissed(Exception):
    """A gate did not open before its deadline; the recorder has the claim."""

    def __init__(self, claim: GateClaim) -> None:
        super().__init__(claim.what)
        self.claim = claim


class Signal:
    """Wakes all who wait whenever something has changed."""

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def set(self) -> None:
        """Wake all who wait now."""
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Wait for the next change."""
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()


def pause_s(patience_s: float, own_s: float | None, look_s: float) -> float:
    """How long the patience cannot be over yet: what is the app's own doing grows no faster than time passes.

    A look reads the times of every thread of the app, so with hundreds of them and many visitors it must not be taken
    for nothing: the grader would keep itself busy, and lay that at the solution's door.

    Args:
        patience_s: how much may be the app's own doing.
        own_s: how much of it was so far; None where the system does not tell.
        look_s: the shortest pause.
    """
    return max(look_s, min(patience_s, patience_s - (own_s or 0.0)))


async def pass_gate(
    attempt: AttemptContext,
    what: str,
    wanted: int,
    seen: Callable[[], int],
    changed: Signal,
    deadline_s: float | None = None,
    patience_s: float | None = None,
) -> None:
    """Wait until `seen()` is at least `wanted`, and record the claim.

    Args:
        attempt: records the claim.
        what: the things that are counted, in plain words: "calls to /prices under way at once".
        wanted: how many must be seen.
        seen: counts them now.
        changed: set whenever the count may have changed.
        deadline_s: 3 s by default, 5 s for more than 20.
        patience_s: how much of the waiting may be the app's own doing before the gate is given up; by default
            `GATE_PATIENCE_S`, less in haste.

    Raises:
        GateMissed: the deadline passed first.
    """
    if deadline_s is None:
        deadline_s = DEADLINE_S if wanted <= 20 else DEADLINE_CROWD_S
    if patience_s is None:
        patience_s = GATE_PATIENCE_S * attempt.haste
    opening = attempt.watcher.open()
    look_at_s = opening.at_s + patience_s
    with anyio.move_on_after(deadline_s):
        while seen() < wanted:
            now_s = attempt.clock.now()
            if now_s >= look_at_s:
                watch = attempt.watcher.close(opening)
                if is_own_doing(watch, patience_s):
                    break
                look_at_s = now_s + pause_s(patience_s, watch.own_s, LOOK_S)
            with anyio.move_on_after(look_at_s - now_s):
                await changed.wait()
    claim = GateClaim(
        what=what,
        wanted=wanted,
        seen=seen(),
        deadline_s=deadline_s,
        own_limit_s=patience_s,
        watch=attempt.watcher.close(opening),
    )
    attempt.recorder.add(claim)
    if claim.seen < wanted:
        raise GateMissed(claim)
