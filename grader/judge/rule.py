"""The rule that decides a check from its attempts, and the rule's thresholds. Pure.

Noise can only make things slower, so a pass is final at once. So is a miss that noise cannot cause. A miss by the clock
counts once two fresh servers have shown that the code itself took the time (`grader.judge.witnesses`), or once the
solution has missed before and after a reference that passed. Learners read about it in docs/explanation/verdicts.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from grader.evidence.machine import Watch

WITNESSES = 2
"""How many fresh servers must show a witness before a miss by the clock counts. With two, none of 7,291 gradings
beside 4 busy processes had a wrong verdict (docs/explanation/verdicts.md, `python -m tests.bench.rounds`)."""

ROUNDS = 3
"""How often solution and reference take turns before the check is inconclusive. With three, 1 of the same 7,291
gradings was inconclusive."""

DEADLINE_SHARE = 0.5
"""When a check or a start misses its deadline, this share of the deadline must be the code's own time for the miss to
have a witness. Deadlines are several seconds, and own time is measured once, over all of it. Right apps need less than
0.09 s of their own while the grader waits for them (docs/explanation/verdicts.md)."""

PATIENCE = 1.25
"""Factor on a promise: the grader waits until the app's own time exceeds this many times what the README grants, and
only that is a witness. A poll, a back-off or a straggler just inside the promise passes: beyond their waits, right apps
need less than 0.09 s of own time (docs/explanation/verdicts.md), and the shortest default promise is 0.3 s."""

LOWER_SLACK_S = 0.005
"""Tolerance below a lower time limit, because the solution's clock may be coarser than the grader's. asyncio's timers
do not fire early: of 300 calls to `asyncio.sleep(0.03)` on Linux, the shortest took 30.1 ms."""

QUIET_SHARE = 0.1
"""If the machine takes less than this share of the solution's own deadline from a late answer, the answer is a witness
without the reference. A quiet machine takes 0.003–0.01 s (docs/decisions/0027-late-by-its-own-doing.md)."""

LATE_MARGIN_S = 0.05
"""A late answer has a witness if the solution's own time exceeds the time that the reference needed by this much, and
by `LATE_MARGIN_SHARE` of the time by which it came later: right solutions may need more time than the reference."""

LATE_MARGIN_SHARE = 1 / 3
"""See `LATE_MARGIN_S`."""

LATE_ROUNDS = 6
"""`ROUNDS` for late answers. Each further round gives a right solution a chance to pass, and the reference a chance to
show how little time it needs (docs/decisions/0027-late-by-its-own-doing.md)."""

SENDER_LAG_SHARE = 1 / 3
"""When the grader's event loop lags by more than this share of a limit, it has timed itself and not the solution
(docs/explanation/verdicts.md, "A faulty burst is void")."""

BUSY_SHARE = 0.5
"""A grader that computed or waited for a core for more than this share of the time could not observe the solution. This
threshold and less polling reduced inconclusive gradings from 28 of 2,544 to 1 of 7,291 (docs/explanation/verdicts.md).
"""

SELF_MADE_SHARE = 0.8
"""If the solution's processes used this share of all cores' time, they only waited for a core because of each other.
They cannot get that much beside other busy processes."""


def own_s(watch: Watch) -> float | None:
    """The solution's own time: seconds that it spent computing or waiting on purpose. None if the system does not
    report CPU times.

    It is the elapsed time minus the waits of the server's and the grader's threads for a core, the grader's CPU time,
    and the time in which the whole machine was halted. The waits of many threads can add up to more than the elapsed
    time, so the result errs in the solution's favour. If the solution's processes had nearly all cores, nothing else
    made them wait, and no waits are subtracted.
    """
    server, others, grader = watch.server, watch.others, watch.grader
    if server is None or grader is None:
        return None
    rest_s = watch.elapsed_s - grader.cpu_s - halted_s(watch)
    computed_s = server.cpu_s + (others.cpu_s if others is not None else 0.0)
    if others is not None and computed_s >= SELF_MADE_SHARE * watch.cores * watch.elapsed_s:
        return rest_s
    return rest_s - server.waited_s - grader.waited_s


def halted_s(watch: Watch) -> float:
    """Seconds in which the whole machine was halted: the grader's event loop was late although its thread neither
    computed nor waited for a core.

    This happens when a host pauses a virtual machine or a laptop sleeps: the clock runs on, but no process does.
    """
    if watch.grader is None:
        return 0.0
    return max(0.0, watch.loop_lag_s - watch.grader.waited_s - watch.grader.cpu_s)


def taken_s(watch: Watch) -> float | None:
    """Seconds that the machine and the grader took from the solution; None if that is unknown."""
    own = own_s(watch)
    return None if own is None else watch.elapsed_s - own


class Step(StrEnum):
    """What to do next for a check."""

    TRY_SOLUTION = "try_solution"
    TRY_REFERENCE = "try_reference"
    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    BROKEN = "broken"


@dataclass(frozen=True)
class AttemptSummary:
    """Everything that the rule needs to know about one attempt.

    Attributes:
        ran_solution: it ran the solution, not the reference.
        is_broken: the grader or the kata failed, so it says nothing about the solution.
        is_missed: something is wrong; the remaining attributes describe this miss.
        is_certain: noise cannot have caused it.
        has_witness: evidence shows that the code itself took the time.
        must_recur: one such miss is never enough, even after another check has failed.
        is_void: the machine is known to have taken the time, so missing where the reference passes proves nothing.
        is_late: a right solution, too, answers like this once a deadline that it enforces itself has passed.
    """

    ran_solution: bool = True
    is_broken: bool = False
    is_missed: bool = False
    is_certain: bool = False
    has_witness: bool = False
    must_recur: bool = False
    is_void: bool = False
    is_late: bool = False


def next_step(summaries: Sequence[AttemptSummary], *, failed_already: bool = False) -> Step:
    """The decision that the attempts at a check allow, or what to try next.

    Args:
        summaries: of the attempts so far, in order.
        failed_already: another check has certainly failed, so the verdict is settled and one witness is enough.
    """
    own = [summary for summary in summaries if summary.ran_solution]
    if not summaries:
        return Step.TRY_SOLUTION
    if any(summary.is_broken for summary in summaries):
        return Step.BROKEN
    if any(not summary.is_missed for summary in own):
        return Step.PASS
    if any(summary.is_certain for summary in own):
        return Step.FAIL
    witnesses = sum(summary.has_witness for summary in own)
    is_enough = failed_already and not any(summary.must_recur for summary in own)
    if witnesses >= (1 if is_enough else WITNESSES):
        return Step.FAIL
    return _next_round(summaries, all_witnessed=witnesses == len(own))


def _next_round(summaries: Sequence[AttemptSummary], *, all_witnessed: bool) -> Step:
    """The next step of the rounds in which solution and reference take turns, when the misses alone do not decide."""
    last = summaries[-1]
    if not last.ran_solution or all_witnessed:
        return Step.TRY_SOLUTION
    reference_passed = (
        len(summaries) >= 2 and not summaries[-2].ran_solution and not summaries[-2].is_missed
    )
    if reference_passed and not last.is_void:
        return Step.FAIL
    rounds = LATE_ROUNDS if any(summary.is_late for summary in summaries) else ROUNDS
    if sum(not summary.ran_solution for summary in summaries) >= rounds:
        return Step.INCONCLUSIVE
    return Step.TRY_REFERENCE
