"""The thresholds for proofs, each with its reason. No other module of proofs has a threshold."""

ABOVE = 3.0
"""Lower bound for `(limit - alone) / (own - alone)`, where `own` is the own time of an accepted example and `alone` the
time of a single request. A learner's app may do more work than the example, on a slower machine: own time excludes the
work of other processes, but still depends on the machine's speed."""

BELOW = 1.5
"""A rejected example must take at least this many times the limit. The factor is smaller than `ABOVE`, because noise
never makes a wrong app faster, and a learner's wrong app is as slow as the example. But own time can be too low: the
grader's waits for a core are subtracted even while the app sleeps, up to 40 % with 4 busy processes on 2 cores."""

LEISURE_S = 0.05
"""A leisurely example must stay this far below the limit; no factor applies. Beyond their waits, right apps had at most
0.045 s of own time, both on a quiet machine and with 32 busy processes."""

ROUNDS = 3
"""How often a doubtful example is graded in total: the smallest number that has a majority and a true median."""

MAJORITY = 0.5
"""An undeclared failure of a starter or a rejected example counts only if more than this share of its clear rounds have
it. On a busy machine, a wrong app that sets a deadline may fail another check by chance: 3 of 3,218 did at a load
average of 15 (`tests/bench/rounds.py`)."""

DIGITS = 6
"""Times are rounded to microseconds before they are compared, so that 0.4 - 0.1 equals 0.3."""
