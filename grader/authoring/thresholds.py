"""The numbers by which a proof is called right or wrong, each with its reason. Nothing else decides one by a number of
its own.
"""

ABOVE = 3.0
"""A limit leaves an accepted example so many times what it needs of its own beyond one request alone. A learner's app
does more work than the example, on a slower machine, and own time takes off what a machine takes, not how slow it
is."""

BELOW = 1.5
"""A rejected example takes so many times the limit. Less than above: noise never makes a wrong app quicker, and a
learner's wrong app is as slow as the example. It only seems quicker: what the grader waited for while the app slept is
taken off its own time, up to 40 % beside 4 busy processes on 2 cores."""

LEISURE_S = 0.05
"""An accepted example that is slow on purpose stays so far below the limit, and needs no factor: right apps had at most
0.045 s of own time beyond what they wait for, quiet and beside 32 busy processes."""

ROUNDS = 3
"""An example that is in doubt is graded so often in all: the least number that has a majority and a median of more than
two.
"""

MAJORITY = 0.5
"""Of the clear rounds of a starter or a rejected example, more than this share must fail a check that is not declared.
A wrong app with a deadline of its own breaks one more check by chance on a busy machine: 3 of 3,218 did at a load
average of 15 (`tests/bench/rounds.py`)."""
