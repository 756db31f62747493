"""Builders of made-up examples and trials, for tests of proofs."""

from pathlib import Path

from grader.authoring.examples import Example, Kind
from grader.authoring.margins import margin_problems, margins_of
from grader.authoring.proof import Proof, Timing, Trial
from grader.findings import Finding
from grader.judge.decide import verdict_of
from grader.report import CheckResult, Outcome

CHECK_NAMES = ("test_a", "test_b")
PASS, FAIL, UNCLEAR, NOT_RUN = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.NOT_RUN

STARTER = Example(Kind.STARTER, "app", Path("starter/app.py"), frozenset({"test_a"}))
ACCEPTED = Example(Kind.ACCEPTED, "reference", Path("accepted/reference.py"), frozenset())
LEISURELY = Example(Kind.ACCEPTED, "calm", Path("accepted/calm.py"), frozenset(), is_leisurely=True)
REJECTED = Example(Kind.REJECTED, "near", Path("rejected/near.py"), frozenset({"test_b"}))
JUNK = Example(Kind.JUNK, "hang", Path("junk/hang"), None)


def trial(
    example: Example, a: Outcome, b: Outcome, *timings: Timing, finding: Finding | None = None
) -> Trial:
    """A grading in which the two checks had these outcomes."""
    results = tuple(
        CheckResult(name=name, title="", outcome=outcome, finding=finding)
        for name, outcome in zip(CHECK_NAMES, (a, b), strict=True)
    )
    return Trial(example, verdict_of((a, b)), results, timings)


RIGHT = (
    trial(STARTER, FAIL, PASS),
    trial(ACCEPTED, PASS, PASS),
    trial(REJECTED, PASS, FAIL),
    trial(JUNK, FAIL, FAIL),
)
"""A round in which every example is as declared."""


def at(
    own_s: float | None,
    *,
    measured_s: float = 9.0,
    limit_s: float = 0.3,
    alone_s: float = 0.0,
    missed: bool = False,
    is_bound: bool = False,
    attempt: int = 0,
) -> Timing:
    """A time at the clock limit of `test_a`; by default the measured time is far above it, as on a busy machine."""
    what = "GET /x" if is_bound else "# × GET /x"
    limit_s, alone_s = (0.0, 0.0) if is_bound else (limit_s, alone_s)
    return Timing("test_a", what, limit_s, measured_s, own_s, alone_s, missed, is_bound, attempt)


def right(
    *own_s: float, example: Example = ACCEPTED, limit_s: float = 0.3, alone_s: float = 0.0
) -> tuple[Trial, ...]:
    """Rounds of an accepted example with these own times."""
    return tuple(
        trial(example, PASS, PASS, at(one_s, limit_s=limit_s, alone_s=alone_s)) for one_s in own_s
    )


def wrong(
    *own_s: float, limit_s: float = 0.3, alone_s: float = 0.0, is_bound: bool = False
) -> tuple[Trial, ...]:
    """Rounds of the starter with these own times, all caught by the limit."""
    timings = [
        at(one_s, limit_s=limit_s, alone_s=alone_s, missed=True, is_bound=is_bound)
        for one_s in own_s
    ]
    return tuple(trial(STARTER, FAIL, PASS, timing) for timing in timings)


def proof_of(*trials: Trial) -> Proof:
    """The proof of a small kata with these gradings."""
    examples, margins = tuple(dict.fromkeys(trial.example for trial in trials)), margins_of(trials)
    return Proof(
        "tiny",
        "Tiny",
        CHECK_NAMES,
        examples,
        trials,
        margins,
        tuple(margin_problems(margins)),
        len(trials),
        1.0,
    )
