"""The numbers that decide whether a proof is right, each with its reason. No other module decides with numbers of its
own.
"""

ABOVE = 3.0
"""What a limit leaves beyond one request alone must be at least this many times what an accepted example needs beyond
it. A learner's app does more work than the example, on a slower machine; own time excludes what other processes take,
not the machine's speed."""

BELOW = 1.5
"""A rejected example must take at least this many times the limit. Less than `ABOVE`, because noise never makes a wrong
app faster, and a learner's wrong app is as slow as the example. Only its own time can be too low: what the grader
waited for while the app slept is subtracted, up to 40 % beside 4 busy processes on 2 cores."""

LEISURE_S = 0.05
"""A leisurely accepted example must stay this far below the limit; no factor applies. Right apps had at most 0.045 s of
own time beyond what they wait for, both on a quiet machine and beside 32 busy processes."""

ROUNDS = 3
"""How often an example that is in doubt is graded in total: the smallest number with a majority and with a median that
is not just the lower of two."""

MAJORITY = 0.5
"""An undeclared failure of a starter or a rejected example counts only if more than this share of its clear rounds have
it. On a busy machine, a wrong app with a deadline of its own may fail one more check by chance: 3 of 3,218 did at a
load average of 15 (`tests/bench/rounds.py`)."""

DIGITS = 6
"""Times are compared to the microsecond, so that the rounding of floats decides nothing: 0.4 - 0.1 is 0.3."""
