"""The clock rule: whether a slow answer is the code's own doing.

Noise can only make things slower, and on Linux it can be measured: the time that ready threads waited for a core. What
remains of the elapsed time is the code's own.
"""

from grader.evidence.machine import Watch

DEADLINE_SHARE = 0.5
"""Of a generous deadline that passed, this share must be the code's own waiting. Right apps had at most 0.045 s of
their own where blocking ones had 0.58 s and more (design); half of 3 s is far from both kinds of noise."""

TAKEN_SHARE = 0.25
"""Of a deadline that the solution keeps itself, the share that may be taken from it in a whole check before a wrong
answer is held possible in a right solution. On a quiet machine 0.02–0.05 s are taken in a check."""

SENDER_LAG_SHARE = 1 / 3
"""A grader whose own loop lagged by more than this share of a limit has timed itself, not the solution."""


BUSY_SHARE = 0.5
"""A grader that computed or waited for a core for more than this share of the time did not get to look at the solution.
"""


def is_witnessed(watch: Watch, limit_s: float) -> bool:
    """Whether the code's own time alone is above the limit."""
    return watch.own_s is not None and watch.own_s > limit_s


def sender_lagged(watch: Watch, limit_s: float) -> bool:
    """Whether the grader itself was too late for its times to mean anything against this limit."""
    return watch.loop_lag_s > limit_s * SENDER_LAG_SHARE


def grader_was_busy(watch: Watch) -> bool:
    """Whether the grader was mostly kept from its work, by others or by its own, so that what it missed says nothing of
    the solution.
    """
    return (
        watch.grader is not None
        and watch.grader.waited_s + watch.grader.cpu_s > watch.elapsed_s * BUSY_SHARE
    )


def may_be_late(watch: Watch | None, own_deadline_s: float | None) -> bool:
    """Whether the machine may have made a deadline pass that the solution keeps itself.

    A right solution under `asyncio.timeout(0.4)` answers 504 when a busy machine takes those 0.4 s from it. So when a
    quarter of the deadline or more was taken away in a check, or nobody can tell, a wrong answer is not certain.
    """
    if own_deadline_s is None or watch is None:
        return False
    return watch.taken_s is None or watch.taken_s > own_deadline_s * TAKEN_SHARE
