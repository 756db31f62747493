"""The rule: what the attempts at a check say together, and its numbers. Pure.

Noise can only make things slower, so a pass is final at once. A miss that noise cannot cause is final, too. A miss by
the clock counts when two fresh servers showed that the time was the code's own (`grader.judge.witnesses`), or when the
solution missed before and after a reference that passed. docs/explanation/verdicts.md tells the rule to learners.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

WITNESSES = 2
"""How many fresh servers must show a witness before a miss by the clock counts. With two, none of 7,291 verdicts beside
4 busy processes was wrong (docs/explanation/verdicts.md, `python -m tests.bench.rounds`)."""

ROUNDS = 3
"""How often solution and reference take turns before the result is inconclusive. With three, 1 of the same 7,291
gradings was."""

DEADLINE_SHARE = 0.5
"""Of a whole deadline that passed (of a check, of a start), the share that must be the code's own time. It is judged
once, afterwards, over a stretch in which much else happened. Right apps need less than 0.09 s of their own while they
are waited for, and the deadlines are several seconds (docs/explanation/verdicts.md)."""

PATIENCE_SHARE = 1 / 3
"""Of the time after which a visitor gives up in any case, the share that may be the app's own before the visitor
leaves. It differs from `DEADLINE_SHARE` because it is watched during the wait, of one request alone: 1 s of 3 s, where
right apps need less than 0.09 s (docs/explanation/verdicts.md)."""

GATE_PATIENCE_S = 0.5
"""How much of the wait at a gate may be the app's own time before the grader gives it up. Right apps needed at most
0.084 s, alone and beside 8 busy processes; wrong ones never open it (docs/explanation/verdicts.md)."""

PATIENCE_AFTER_FAILURE = 0.5
"""The share of the default patience that is left once another check has failed for certain: the verdict stands, and
learners should hear it soon. At a gate 0.25 s remain, three times what right apps need."""

LOWER_SLACK_S = 0.005
"""How much shorter than its lower limit a time may be. The solution may use a clock with a coarser resolution than the
grader's; asyncio's own timers do not fire early (`asyncio.sleep(0.03)`, 300 times on Linux: 30.1 ms at least)."""

TAKEN_SHARE = 0.25
"""Of a deadline that the solution keeps itself, the share that the machine may take in a whole check before a late
answer says nothing. On a quiet machine a check loses 0.02–0.05 s (docs/decisions/0007-late-answers.md)."""

SENDER_LAG_SHARE = 1 / 3
"""When the grader's event loop lags by more than this share of a limit, it has timed itself and not the solution
(docs/explanation/verdicts.md, "Void is void")."""

BUSY_SHARE = 0.5
"""A grader that computed or waited for a core for more than this share of the time did not get to observe the solution.
With it and fewer looks 1 of 7,291 gradings was inconclusive, before 28 of 2,544 (docs/explanation/verdicts.md)."""


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
    """What one attempt says: all that the rule needs to know about it.

    Attributes:
        ran_solution: it ran the solution, not the reference.
        is_broken: the grader or the kata failed, so it says nothing about the solution.
        is_missed: something is wrong; the rest of the attributes describe this miss.
        is_certain: noise cannot have caused it.
        has_witness: the time was the code's own.
        must_recur: even when the verdict stands, one such miss is not enough.
        is_void: the machine is known to have taken the time, so not even a lost round proves anything.
    """

    ran_solution: bool = True
    is_broken: bool = False
    is_missed: bool = False
    is_certain: bool = False
    has_witness: bool = False
    must_recur: bool = False
    is_void: bool = False


def next_step(summaries: Sequence[AttemptSummary], *, failed_already: bool = False) -> Step:
    """What the attempts at a check allow to say, or what to try next.

    Args:
        summaries: of the attempts so far, in their order.
        failed_already: another check has failed for certain, so the verdict stands and one witness is enough here.
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
    """The next turn of solution and reference, when the misses alone do not decide."""
    last = summaries[-1]
    if not last.ran_solution or all_witnessed:
        return Step.TRY_SOLUTION
    reference_passed = (
        len(summaries) >= 2 and not summaries[-2].ran_solution and not summaries[-2].is_missed
    )
    if reference_passed and not last.is_void:
        return Step.FAIL
    if sum(not summary.ran_solution for summary in summaries) >= ROUNDS:
        return Step.INCONCLUSIVE
    return Step.TRY_REFERENCE
