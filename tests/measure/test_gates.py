"""Gates and the wait beneath them: what ends them, and what waiting costs."""

from dataclasses import replace
from typing import Any

import anyio
import pytest

from grader.evidence.claims import GateClaim
from grader.evidence.machine import CpuTimes, Watch
from grader.measure import gates
from grader.measure.attempt import AttemptContext
from grader.measure.gates import (
    POLL_S,
    GateMissed,
    Signal,
    deadline_for,
    pass_gate,
    pause_s,
    wait_for,
)
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
def test_own_time_is_not_measured_before_the_patience_can_be_exhausted(
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


async def wait_in_vain(attempt: AttemptContext, share: float) -> tuple[int, GateClaim]:
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
            await pass_gate(attempt, "calls", 1, lambda: 0, changed, within_s=0.16)
        tasks.cancel_scope.cancel()
    return looks.looks, missed.value.claim


async def test_an_app_that_has_all_the_time_is_measured_twice_or_so(
    attempt: AttemptContext,
) -> None:
    looks, claim = await wait_in_vain(attempt, 1.0)
    assert looks <= 3
    assert claim.watch.elapsed_s < claim.deadline_s


async def test_changes_alone_cause_no_measurement_of_an_app_that_gets_no_time(
    attempt: AttemptContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "DEADLINE_S", 0.6)
    looks, claim = await wait_in_vain(attempt, 0.0)
    assert looks <= 10
    assert claim.watch.elapsed_s >= claim.deadline_s == pytest.approx(0.8)


async def test_own_time_counts_from_an_earlier_moment(attempt: AttemptContext) -> None:
    attempt = alone(attempt)
    since = attempt.watcher.open()
    await anyio.sleep(0.3)
    with pytest.raises(GateMissed) as missed:
        await pass_gate(attempt, "calls", 1, lambda: 0, Signal(), within_s=0.2, since=since)
    assert missed.value.claim.watch.started_s == since.at_s


@pytest.mark.parametrize(
    ("patience_s", "count", "deadline_s"),
    [(0.5, 1, 3.0), (0.5, 20, 3.0), (0.5, 21, 5.0), (1.5, 1, 6.0), (1.5, 21, 6.0)],
)
def test_a_deadline_is_never_shorter_than_four_times_the_patience(
    patience_s: float, count: int, deadline_s: float
) -> None:
    assert deadline_for(patience_s, count) == deadline_s


def alone(attempt: AttemptContext) -> AttemptContext:
    """An attempt in which all time is the app's own."""
    watcher: Any = CountedLooks(attempt, 1.0)
    return replace(attempt, watcher=watcher)


async def test_a_wait_ends_when_its_condition_is_met(attempt: AttemptContext) -> None:
    changed, met = Signal(), anyio.Event()

    async def change() -> None:
        await anyio.sleep(0.01)
        changed.set()  # nothing new
        await anyio.sleep(0.01)
        met.set()
        changed.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(change)
        await wait_for(
            attempt,
            met.is_set,
            changed,
            opening=attempt.watcher.open(),
            deadline_s=HANG_S,
            patience_s=HANG_S,
        )
    assert met.is_set()


async def test_a_wait_ends_at_its_deadline_though_there_is_patience_left(
    attempt: AttemptContext,
) -> None:
    began_s = attempt.clock.now()
    await wait_for(
        attempt,
        lambda: False,
        Signal(),
        opening=attempt.watcher.open(),
        deadline_s=0.05,
        patience_s=HANG_S,
    )
    assert attempt.clock.now() - began_s >= 0.05


async def test_a_wait_whose_patience_was_exhausted_before_still_lets_answers_come(
    attempt: AttemptContext,
) -> None:
    """Visitors of a burst share one watch: the second one is waited for after the first one gave up."""
    attempt = alone(attempt)
    opening = attempt.watcher.open()
    await anyio.sleep(0.02)
    began_s = attempt.clock.now()
    await wait_for(
        attempt,
        lambda: False,
        Signal(),
        opening=opening,
        deadline_s=HANG_S,
        patience_s=0.01,
    )
    assert attempt.clock.now() - began_s >= POLL_S


async def test_a_wait_for_what_is_there_already_measures_nothing(attempt: AttemptContext) -> None:
    looks = CountedLooks(attempt, 1.0)
    watcher: Any = looks
    opening = looks.open()
    await wait_for(
        replace(attempt, watcher=watcher),
        lambda: True,
        Signal(),
        opening=opening,
        deadline_s=HANG_S,
        patience_s=0.0,
    )
    assert looks.looks == 0
