"""Gates, and the wait behind them: for something that a right app does sooner or later, however slow the machine is."""

from collections.abc import Awaitable, Callable

import anyio

from grader.evidence.claims import GateClaim
from grader.evidence.machine import Watch
from grader.judge.rule import own_s
from grader.judge.witnesses import is_own_doing
from grader.measure.attempt import AttemptContext
from grader.measure.backoff import Backoff
from grader.measure.timing import WatchStart

DEADLINE_S = 3.0
"""The shortest deadline of gates and visitors. Right apps need at most 0.22 s beside 32 busy processes on 2 cores."""

DEADLINE_CROWD_S = 5.0
"""The shortest deadline for more things than `CROWD`."""

DEADLINE_FACTOR = 4.0
"""A deadline is at least this many times the patience, so that on a busy machine patience ends first: there own time
passes more slowly than the clock."""

CROWD = 20
"""More things or visitors than this count as a crowd."""

OVERDUE_SHARE = 0.5
"""A wait is overdue once this share of its patience is the app's own time. Right apps rarely come so far, and a second
server can begin to show the same while the first one has half of its patience left."""

POLL_S = 0.03
"""Polling interval of own time, once patience may be exhausted."""


def deadline_for(patience_s: float, count: int = 1) -> float:
    """Maximum wait on the clock, in seconds, however little of it is the app's own time.

    Args:
        patience_s: how much of the wait may be the app's own time.
        count: how many things should happen at once.
    """
    least_s = DEADLINE_S if count <= CROWD else DEADLINE_CROWD_S
    return max(least_s, DEADLINE_FACTOR * patience_s)


class GateMissed(Exception):
    """A gate did not open before its deadline; the recorder has the claim."""

    def __init__(self, claim: GateClaim) -> None:
        super().__init__(claim.what)
        self.claim = claim


class Signal:
    """Wakes all waiting tasks whenever something changes."""

    def __init__(self) -> None:
        self._event: anyio.Event | None = None

    def set(self) -> None:
        """Wake all tasks that are waiting."""
        if self._event is not None:
            self._event.set()
            self._event = None

    async def wait(self) -> None:
        """Wait for the next change."""
        if self._event is None:
            self._event = anyio.Event()
        await self._event.wait()


def pause_s(patience_s: float, spent_s: float | None, poll_s: float) -> float:
    """How long to wait before own time must be measured again: own time grows no faster than the clock.

    A measurement reads the CPU times of every thread of the solution. With hundreds of threads and many visitors,
    needless measurements would keep the grader busy and delay the solution.

    Args:
        patience_s: how much own time is allowed.
        spent_s: own time so far; None if the system does not report CPU times.
        poll_s: the shortest pause.
    """
    return max(poll_s, min(patience_s, patience_s - (spent_s or 0.0)))


async def wait_for(
    attempt: AttemptContext,
    is_over: Callable[[], bool],
    changed: Signal,
    *,
    opening: WatchStart,
    deadline_s: float,
    patience_s: float,
    poll_s: float = POLL_S,
) -> Watch | None:
    """Wait until `is_over()` is true, the deadline passes or patience is exhausted. Calls the attempt's `on_overdue`
    meanwhile if the wait takes long.

    Returns the watch that shows that patience is exhausted; None if the wait ended for another reason.

    Args:
        is_over: the condition.
        changed: set whenever the condition may have changed.
        opening: own time is measured from here.
        deadline_s: maximum wait in seconds.
        patience_s: how much of the time since `opening` may be the solution's own.
        poll_s: polling interval of own time.
    """
    ends_at_s = attempt.clock.now() + deadline_s
    for share in (OVERDUE_SHARE, 1.0):
        left_s = ends_at_s - attempt.clock.now()
        watch = await _wait(attempt, is_over, changed, opening, left_s, share * patience_s, poll_s)
        if watch is None:
            return None
        attempt.on_overdue()
    return watch


async def _wait(
    attempt: AttemptContext,
    is_over: Callable[[], bool],
    changed: Signal,
    opening: WatchStart,
    deadline_s: float,
    patience_s: float,
    poll_s: float,
) -> Watch | None:
    now_s = attempt.clock.now()
    ends_at_s = now_s + deadline_s
    poll_at_s = max(now_s + poll_s, opening.at_s + patience_s)
    while not is_over() and now_s < ends_at_s:
        if now_s >= poll_at_s:
            watch = attempt.watcher.close(opening)
            if is_own_doing(watch, patience_s):
                return watch
            poll_at_s = now_s + pause_s(patience_s, own_s(watch), poll_s)
        with anyio.move_on_after(min(poll_at_s, ends_at_s) - now_s):
            await changed.wait()
        now_s = attempt.clock.now()
    return None


async def pass_gate(
    attempt: AttemptContext,
    what: str | Callable[[], str],
    wanted: int,
    seen: Callable[[], int],
    changed: Signal,
    *,
    within_s: float | None = None,
    since: WatchStart | None = None,
) -> None:
    """Wait until `seen()` is at least `wanted`, and record the claim.

    Args:
        attempt: measures own time and records the claim.
        what: the things to count, in plain words: "calls to /prices under way at once"; or says it when it is over.
        wanted: their least number.
        seen: returns their current count; `changed` is set whenever it may have changed.
        within_s: the README's promise; by default `default_s`. The app's own time may be 1.25 times this.
        since: own time counts from here; from now by default.

    Raises:
        GateMissed: they did not happen in time.
    """
    opening = attempt.watcher.open() if since is None else since
    patience_s = attempt.patience_s(within_s)
    deadline_s = deadline_for(patience_s, wanted)
    await wait_for(
        attempt, lambda: seen() >= wanted, changed,
        opening=opening, deadline_s=deadline_s, patience_s=patience_s,
    )  # fmt: skip
    claim = GateClaim(
        what=what if isinstance(what, str) else what(), wanted=wanted, seen=seen(),
        deadline_s=deadline_s, own_limit_s=patience_s, watch=attempt.watcher.close(opening),
    )  # fmt: skip
    _require(claim, attempt)


def _require(claim: GateClaim, attempt: AttemptContext) -> None:
    attempt.recorder.add(claim)
    if claim.seen < claim.wanted:
        raise GateMissed(claim)


async def pass_polled_gate(
    attempt: AttemptContext,
    what: str,
    wanted: int,
    count: Callable[[], Awaitable[int]],
    *,
    poll_s: float,
    within_s: float | None = None,
) -> None:
    """`pass_gate` for things that must be polled, because nothing signals a change of their number.

    Args (the others are as for `pass_gate`):
        count: returns the current count.
        poll_s: polling interval on a quiet machine.

    Raises:
        GateMissed: the deadline or the patience ended first.
    """
    changed, seen = Signal(), 0

    def note(count: int) -> None:
        nonlocal seen
        seen = count
        changed.set()

    missed: GateMissed | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_poll, count, poll_s, note)
        try:
            await pass_gate(attempt, what, wanted, lambda: seen, changed, within_s=within_s)
        except GateMissed as error:  # raised below: the task group would wrap it
            missed = error
        tasks.cancel_scope.cancel()
    if missed is not None:
        raise missed


async def _poll(
    count: Callable[[], Awaitable[int]], poll_s: float, note: Callable[[int], None]
) -> None:
    """Note the current count again and again, until cancelled."""
    backoff = Backoff(poll_s)
    while True:
        note(await count())
        await backoff.pause()
