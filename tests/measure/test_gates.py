"""Gates: what they wait for, and what their waiting costs."""

from dataclasses import replace

import anyio
import pytest

from grader.evidence.claims import GateClaim
from grader.evidence.machine import CpuTimes, Watch
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed, Signal, pass_gate, pause_s
from grader.measure.timing import WatchStart
from tests.waiting import HANG_S


@pytest.mark.parametrize(
    ("own_s", "pause"),
    [
        (0.0, 0.5),
        (0.3, 0.2),
        (0.49, 0.03),
        (0.6, 0.03),
        (-4.0, 0.5),
        (None, 0.5),
    ],
)
def test_it_is_not_looked_before_the_patience_can_be_over(
    own_s: float | None, pause: float
) -> None:
    assert pause_s(0.5, own_s, 0.03) == pytest.approx(pause)


class CountedLooks:
    """The watcher of an app that has so large a share of the time to itself; counts how often it is read."""

    def __init__(self, attempt: AttemptContext, share: float) -> None:
        self.looks = 0
        self._clock = attempt.clock
        self._share = share

    def open(self) -> WatchStart:
        """Begin a watch."""
        return WatchStart(self._clock.now(), None, None, (), None)

    def close(self, opening: WatchStart) -> Watch:
        """End it."""
        self.looks += 1
        now_s = self._clock.now()
        waited_s = (1 - self._share) * (now_s - opening.at_s)
        none = CpuTimes(cpu_s=0.0, waited_s=0.0)
        return Watch(
            started_s=opening.at_s,
            ended_s=now_s,
            server=CpuTimes(cpu_s=0.0, waited_s=waited_s),
            grader=none,
        )


async def wait_in_vain(
    attempt: AttemptContext, share: float, deadline_s: float
) -> tuple[int, GateClaim]:
    """How often the app was looked at while a gate waited for what never comes, beside much that changes; and the
    claim.
    """
    looks = CountedLooks(attempt, share)
    attempt = replace(attempt, watcher=looks)  # type: ignore[arg-type]  # of the same form
    changed = Signal()

    async def change() -> None:
        while True:
            await anyio.sleep(0.001)
            changed.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(change)
        with pytest.raises(GateMissed) as missed:
            await pass_gate(
                attempt, "calls", 1, lambda: 0, changed, deadline_s=deadline_s, patience_s=0.2
            )
        tasks.cancel_scope.cancel()
    return looks.looks, missed.value.claim


async def test_an_app_that_has_all_the_time_is_looked_at_twice(attempt: AttemptContext) -> None:
    looks, claim = await wait_in_vain(attempt, 1.0, deadline_s=HANG_S)
    assert looks <= 3
    assert claim.watch.elapsed_s < HANG_S


async def test_changes_are_no_reason_to_look_at_an_app_that_was_let_do_nothing(
    attempt: AttemptContext,
) -> None:
    looks, claim = await wait_in_vain(attempt, 0.0, deadline_s=0.6)
    assert looks <= 4
    assert claim.watch.elapsed_s >= 0.6
