"""Waits until a server is quiet: no visitor and no call of its own is under way, and none has begun for a while."""

from grader.evidence.traffic import EventEnd
from grader.load.attendance import Attendance
from grader.measure.attempt import AttemptContext
from grader.measure.gates import pass_gate
from grader.measure.stillness import RESTLESS, spent_s, stays

EVENTS_NAMED = 3


async def until_quiet(
    attempt: AttemptContext,
    visitors: Attendance,
    for_s: float | None = None,
    within_s: float | None = None,
) -> None:
    """Wait until nothing is under way and nothing new has begun for a while, in the solution's own time.

    Args:
        attempt: its recorder has the requests of the solution to services.
        visitors: of the server.
        for_s: how long nothing new may begin; `default_s` by default.
        within_s: within what time what is under way must end; `default_s` by default.

    Raises:
        GateMissed: something did not end, or new things began again and again.
    """
    for_s = attempt.default_s if for_s is None else for_s
    within_s = attempt.default_s if within_s is None else within_s
    await _until_ended(attempt, visitors, within_s)
    begin = attempt.watcher.open()
    while True:
        if await stays(attempt, lambda: _state(attempt, visitors), for_s):
            return
        # Whatever begins again may itself take as long as it is allowed to.
        if spent_s(attempt, begin) > RESTLESS * max(for_s, within_s):
            what = f"pauses of {for_s:g} s in which the app calls no service"
            await pass_gate(
                attempt, what, 1, lambda: 0, visitors.changed, within_s=for_s, since=begin
            )
        await _until_ended(attempt, visitors, within_s)


async def _until_ended(attempt: AttemptContext, visitors: Attendance, within_s: float) -> None:
    def is_over() -> bool:
        return not visitors.there and not _open_events(attempt)

    def what() -> str:
        return f"ends of all visits and calls{_still_open(attempt)}"

    await pass_gate(attempt, what, 1, lambda: int(is_over()), visitors.changed, within_s=within_s)


def _state(attempt: AttemptContext, visitors: Attendance) -> tuple[int, ...]:
    """Changes whenever something begins or ends."""
    began = len(attempt.recorder.events)
    return visitors.came, visitors.there, began, len(_open_events(attempt))


def _open_events(attempt: AttemptContext) -> list[str]:
    events = attempt.recorder.events.values()
    return [event.what for event in events if event.end is EventEnd.OPEN]


def _still_open(attempt: AttemptContext) -> str:
    names = _open_events(attempt)[:EVENTS_NAMED]
    return f" (still open: {', '.join(name[:60] for name in names)})" if names else ""
