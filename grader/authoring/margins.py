"""Margins of clock limits: how far each stands from right and from wrong apps. Pure."""

import re
from collections.abc import Iterator, Sequence

from grader.authoring.examples import Kind
from grader.authoring.proof import Margin, Problem, Side, Timing, Trial
from grader.evidence.model import (
    Attempt,
    CheckRecord,
    ClockClaim,
    Exchange,
    ExchangeError,
    Relation,
    StatusClaim,
    Subject,
    Watch,
)
from grader.judge.claims import examine_claim, measured_time_s
from grader.report import Outcome

LEAST = 3.0
"""How far a limit must stand from both sides, as a factor (design)."""

CHECKS = "checks.py"


def timings_of(records: Sequence[CheckRecord]) -> Iterator[Timing]:
    """Every time that the solution took at a clock limit, in all attempts."""
    for record in records:
        for attempt in record.attempts:
            if attempt.subject is Subject.SOLUTION:
                yield from _timings_of_attempt(record.name, attempt)


def _timings_of_attempt(check: str, attempt: Attempt) -> Iterator[Timing]:
    exchanges = {exchange.id: exchange for exchange in attempt.exchanges}
    for claim in attempt.claims:
        missed = examine_claim(claim, attempt.exchanges) is not None
        if isinstance(claim, ClockClaim) and claim.relation is Relation.AT_MOST:
            yield Timing(
                check=check,
                what=without_numbers(claim.what),
                limit_s=round(claim.limit_s, 6),
                measured_s=measured_time_s(claim, exchanges),
                missed=missed,
                waited_s=_waited_s(claim.watch),
            )
        elif isinstance(claim, StatusClaim) and missed:
            yield from _given_up(check, [exchanges[number] for number in claim.exchanges])


def _given_up(check: str, exchanges: Sequence[Exchange]) -> Iterator[Timing]:
    """Visitors who gave up before the limit that follows was looked at: they would have taken at least so long."""
    late = [exchange for exchange in exchanges if exchange.error is ExchangeError.TIMED_OUT]
    if late:
        what = without_numbers(f"{exchanges[0].method} {exchanges[0].path}")
        yield Timing(check=check, what=what, limit_s=0.0, measured_s=late[0].elapsed_s, missed=True, is_bound=True)


def _waited_s(watch: Watch) -> float:
    return sum(times.waited_s for times in (watch.server, watch.grader) if times is not None)


def without_numbers(what: str) -> str:
    """What was timed, with `#` for numbers and for parts of a path that have one: they change from run to run."""
    return re.sub(r"[^/ ]*\d[^/ ]*", "#", what)


def margins_of(trials: Sequence[Trial]) -> tuple[Margin, ...]:
    """The margin of each clock limit that an example came to, in the order in which checks come to them."""
    limits = dict.fromkeys((t.check, t.what, t.limit_s) for trial in trials for t in trial.timings if not t.is_bound)
    return tuple(_margin(trials, *limit) for limit in limits)


def _margin(trials: Sequence[Trial], check: str, what: str, limit_s: float) -> Margin:
    slow: list[Side] = []
    caught: list[Side] = []
    for trial in trials:
        sides = [Side(trial.example.label, timing) for timing in trial.timings if _concerns(timing, check, what, limit_s)]
        if trial.example.kind is Kind.ACCEPTED:
            slow += sides
        elif trial.example.kind is not Kind.JUNK and trial.outcome(check) is Outcome.FAILED:
            caught += [side for side in sides if side.timing.missed]
    return Margin(
        check=check,
        what=what,
        limit_s=limit_s,
        slowest=max(slow, key=lambda side: side.timing.measured_s, default=None),
        fastest=min(caught, key=lambda side: side.timing.measured_s, default=None),
    )


def _concerns(timing: Timing, check: str, what: str, limit_s: float) -> bool:
    if timing.is_bound:
        return timing.check == check and timing.what == what.removeprefix("# × ")
    return (timing.check, timing.what, timing.limit_s) == (check, what, limit_s)


def margin_problems(margins: Sequence[Margin]) -> Iterator[Problem]:
    """Limits that stand too near to one side, and which side to move."""
    for margin in margins:
        limit = f"{margin.check}: the limit of {margin.limit_s:g} s for {margin.what}"
        if margin.slowest is not None and margin.above is not None and margin.above < LEAST:
            text = f"{limit} is only {margin.above:.1f} × the slowest accepted {_time(margin.slowest)}: {_raise(margin, margin.slowest)}."
            yield Problem(CHECKS, text, is_environment=_is_noise(margin, margin.slowest))
        if margin.fastest is None:
            yield Problem(CHECKS, f"{limit} caught no rejected example: add one that this limit catches, or drop the limit.")
        elif margin.below is not None and margin.below < LEAST:
            fast = f"the fastest rejected takes only {margin.below:.1f} × that {_time(margin.fastest)}"
            text = f"{limit}: {fast}: {_lower(margin, margin.fastest)}."
            yield Problem(CHECKS, text)


def _is_noise(margin: Margin, side: Side) -> bool:
    """Whether the limit would be far enough, had nobody waited for a core."""
    return margin.limit_s >= LEAST * (side.timing.measured_s - side.timing.waited_s)


def _time(side: Side) -> str:
    timing = side.timing
    bound = "at least " if timing.is_bound else ""
    noise = f", {timing.waited_s:.2f} s of waiting for a core" if timing.waited_s > timing.measured_s / 10 else ""
    return f"({side.label}, {bound}{timing.measured_s:.3f} s{noise})"


def _raise(margin: Margin, slowest: Side) -> str:
    if _is_noise(margin, slowest):
        return "verify again on a quieter machine"
    least_s = LEAST * slowest.timing.measured_s
    return f"raise it to {least_s:.2f} s or more" + _if_none_fits(margin)


def _lower(margin: Margin, fastest: Side) -> str:
    most_s = fastest.timing.measured_s / LEAST
    if fastest.timing.is_bound:
        return f"let the visitors wait {LEAST * margin.limit_s:.2f} s before they give up, or lower it to {most_s:.2f} s or less"
    return f"lower it to {most_s:.2f} s or less" + _if_none_fits(margin)


def _if_none_fits(margin: Margin) -> str:
    """What to do when each side forbids what the other one asks for."""
    if margin.slowest is None or margin.fastest is None or margin.fastest.timing.is_bound:
        return ""
    if LEAST * margin.slowest.timing.measured_s <= margin.fastest.timing.measured_s / LEAST:
        return ""
    return " and, since the two are too near to each other, let wrong apps take longer, by a larger crowd for instance"
