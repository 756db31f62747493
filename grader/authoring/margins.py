"""Margins of clock limits: how far each stands from right and from wrong apps, in the apps' own time. Pure."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Margin, Problem, Side, Timing, Trial
from grader.authoring.thresholds import ABOVE, BELOW, LEISURE_S
from grader.evidence.claims import ClockClaim, Relation, StatusClaim
from grader.evidence.machine import Watch
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.evidence.traffic import Exchange, ExchangeError
from grader.judge.attempts import exchanges_by_id
from grader.judge.claims import examine_claim, measured_time_s
from grader.judge.witnesses import own_time_s
from grader.report import Outcome

CHECKS = "checks.py"

DIGITS = 6
"""Times are compared to the microsecond: what a limit of 0.4 s leaves above 0.1 s is 0.3 s, and not a little more."""


# ---- from the evidence to times
# ---------------------------------------------------------------------------------------


def timings_of(records: Sequence[CheckRecord]) -> Iterator[Timing]:
    """Every time that the solution took at a clock limit, in all attempts."""
    for record in records:
        own = (attempt for attempt in record.attempts if attempt.subject is Subject.SOLUTION)
        for number, attempt in enumerate(own):
            yield from _timings_of_attempt(record.name, attempt, number)


def _timings_of_attempt(check: str, attempt: Attempt, number: int) -> Iterator[Timing]:
    exchanges = exchanges_by_id(attempt)
    for claim in attempt.claims:
        missed = examine_claim(claim, exchanges) is not None
        if isinstance(claim, ClockClaim) and claim.relation is Relation.AT_MOST:
            measured_s = measured_time_s(claim, exchanges)
            yield Timing(
                check=check,
                what=without_numbers(claim.what),
                limit_s=round(claim.limit_s, DIGITS),
                measured_s=measured_s,
                own_s=own_time_s(measured_s, claim.watch),
                alone_s=claim.alone_s or 0.0,
                missed=missed,
                attempt=number,
            )
        elif isinstance(claim, StatusClaim) and missed:
            yield from _given_up(
                check, [exchanges[n] for n in claim.exchanges], claim.watch, number
            )


def _given_up(
    check: str, exchanges: Sequence[Exchange], watch: Watch, number: int
) -> Iterator[Timing]:
    """Visitors who gave up before the limit that follows was looked at: they would have taken at least so long."""
    late = [
        exchange.elapsed_s for exchange in exchanges if exchange.error is ExchangeError.TIMED_OUT
    ]
    if late:
        yield Timing(
            check=check,
            what=without_numbers(f"{exchanges[0].method} {exchanges[0].path}"),
            limit_s=0.0,
            measured_s=max(late),
            own_s=own_time_s(max(late), watch),
            missed=True,
            is_bound=True,
            attempt=number,
        )


def without_numbers(what: str) -> str:
    """What was timed, with `#` for numbers and for parts of a path that have one: they change from run to run."""
    return re.sub(r"[^/ ]*\d[^/ ]*", "#", what)


# ---- from times to margins
# --------------------------------------------------------------------------------------------


def margins_of(trials: Sequence[Trial]) -> tuple[Margin, ...]:
    """The margin of each clock limit that an example came to, in the order in which checks come to them."""
    own = [trial for trial in trials if trial.example.kind is not Kind.JUNK]
    limits = dict.fromkeys(
        (t.check, t.what, t.limit_s, t.alone_s)
        for trial in trials
        for t in trial.timings
        if not t.is_bound
    )
    return tuple(_margin(own, Margin(*limit)) for limit in limits)


def _margin(trials: Sequence[Trial], limit: Margin) -> Margin:
    sides: dict[Kind, list[Side]] = defaultdict(list)
    is_undecided = False
    for example in dict.fromkeys(trial.example for trial in trials):
        rounds = [trial for trial in trials if trial.example == example]
        side = (
            _accepted_side(example, rounds, limit)
            if example.kind is Kind.ACCEPTED
            else _rejected_side(example, rounds, limit)
        )
        if side is not None:
            sides[example.kind].append(side)
        if example.kind is not Kind.ACCEPTED:
            is_undecided |= any(_misses(trial, limit, Outcome.INCONCLUSIVE) for trial in rounds)
    slowest_first = sorted(sides[Kind.ACCEPTED], key=lambda side: -side.judged_s)
    return Margin(
        limit.check,
        limit.what,
        limit.limit_s,
        limit.alone_s,
        accepted=tuple(side for side in slowest_first if not side.example.is_leisurely),
        leisurely=tuple(side for side in slowest_first if side.example.is_leisurely),
        rejected=tuple(
            sorted(sides[Kind.STARTER] + sides[Kind.REJECTED], key=lambda side: side.judged_s)
        ),
        is_undecided=is_undecided,
    )


def _accepted_side(example: Example, rounds: Sequence[Trial], limit: Margin) -> Side | None:
    """The least time: noise only adds. Of an attempt that comes to the limit several times, the slowest counts."""
    clear = [trial for trial in rounds if trial.outcome(limit.check) is not Outcome.INCONCLUSIVE]
    attempts: dict[tuple[int, int], list[Timing]] = defaultdict(list)
    for number, trial in enumerate(clear):
        for timing in _concerning(trial, limit):
            attempts[number, timing.attempt].append(timing)
    slowest = [max(timings, key=lambda timing: timing.judged_s) for timings in attempts.values()]
    if not slowest:
        return None
    return Side(
        example,
        min(slowest, key=lambda timing: timing.judged_s),
        len({number for number, _ in attempts}),
    )


def _rejected_side(example: Example, rounds: Sequence[Trial], limit: Margin) -> Side | None:
    """The median of the times that the limit caught; the lower one of two."""
    caught = [missed for trial in rounds if (missed := _misses(trial, limit, Outcome.FAILED))]
    timings = sorted(
        (timing for missed in caught for timing in missed), key=lambda timing: timing.judged_s
    )
    return Side(example, timings[(len(timings) - 1) // 2], len(caught)) if timings else None


def _misses(trial: Trial, limit: Margin, outcome: Outcome) -> list[Timing]:
    """The times that missed the limit, if the check had this outcome."""
    return (
        [timing for timing in _concerning(trial, limit) if timing.missed]
        if trial.outcome(limit.check) is outcome
        else []
    )


def _concerning(trial: Trial, limit: Margin) -> list[Timing]:
    return [timing for timing in trial.timings if _concerns(timing, limit)]


def _concerns(timing: Timing, limit: Margin) -> bool:
    if timing.is_bound:
        return timing.check == limit.check and timing.what == limit.what.removeprefix("# × ")
    return (timing.check, timing.what, timing.limit_s, timing.alone_s) == (
        limit.check,
        limit.what,
        limit.limit_s,
        limit.alone_s,
    )


# ---- from margins to what is wrong with them
# --------------------------------------------------------------------------


def offenders(trials: Sequence[Trial]) -> set[Example]:
    """The examples that are on the offending side of a margin."""
    found = set()
    for margin in margins_of(trials):
        found |= {
            side.example
            for side in (*margin.accepted, *margin.leisurely)
            if is_too_slow(margin, side)
        }
        found |= {side.example for side in margin.rejected if is_too_near(margin, side)}
    return found


def is_too_slow(margin: Margin, side: Side) -> bool:
    """Whether the limit is too tight for this accepted example."""
    return round(margin.limit_s - least_limit_s(margin, side), DIGITS) < 0


def is_too_near(margin: Margin, side: Side) -> bool:
    """Whether this rejected example is too quick for the limit."""
    return round(most_limit_s(side) - margin.limit_s, DIGITS) < 0


def least_limit_s(margin: Margin, side: Side) -> float:
    """The tightest limit that leaves this accepted example enough."""
    if side.example.is_leisurely:
        return side.judged_s + LEISURE_S
    return margin.alone_s + ABOVE * (side.judged_s - margin.alone_s)


def most_limit_s(side: Side) -> float:
    """The widest limit that this rejected example is far enough beyond."""
    return side.judged_s / BELOW


def margin_problems(margins: Sequence[Margin]) -> Iterator[Problem]:
    """Limits that stand too near to one side, and which side to move."""
    for margin in margins:
        limit = f"{margin.check}: the limit of {margin.limit_s:g} s for {margin.what}"
        for side in (*margin.accepted[:1], *margin.leisurely[:1]):
            if is_too_slow(margin, side):
                yield Problem(CHECKS, f"{limit} is {_tightness(margin, side)}: {_raise(margin)}.")
        if not margin.rejected:
            if not margin.is_undecided:
                text = f"{limit} caught no rejected example: add one that this limit catches, or drop the limit."
                yield Problem(CHECKS, text)
        elif is_too_near(margin, margin.rejected[0]):
            fastest = margin.rejected[0]
            near = f"the fastest rejected takes only {margin.below:.1f} × that {_time(fastest)}"
            yield Problem(
                CHECKS, f"{limit}: {near}, {BELOW:g} × is needed: {_lower(margin, fastest)}."
            )


def _tightness(margin: Margin, side: Side) -> str:
    if side.example.is_leisurely:
        room_s = margin.limit_s - side.judged_s
        where = f"only {room_s:.3f} s above" if room_s >= 0 else "below"
        return f"{where} the slowest leisurely accepted {_time(side)}, {LEISURE_S:g} s is needed"
    without = (
        f", both without the {margin.alone_s:g} s of one request alone" if margin.alone_s else ""
    )
    return (
        f"only {margin.factor_above(side) or 0:.1f} "
        "× the slowest accepted "
        f"{_time(side)}{without}, {ABOVE:g} × is needed"
    )


def _time(side: Side) -> str:
    timing = side.timing
    bound = "at least " if timing.is_bound else ""
    own = "" if timing.own_s is None else " of its own"
    return f"({side.example.label}, {bound}{side.judged_s:.3f} s{own})"


def _raise(margin: Margin) -> str:
    return f"raise it to {_up(_least_s(margin)):g} s or more" + _if_none_fits(margin)


def _lower(margin: Margin, fastest: Side) -> str:
    lower = f"lower it to {_down(most_limit_s(fastest)):g} s or less"
    if fastest.timing.is_bound:
        return f"let the visitors wait {_up(BELOW * margin.limit_s):g} s before they give up, or {lower}"
    return lower + _if_none_fits(margin)


def _if_none_fits(margin: Margin) -> str:
    """What to do when each side forbids what the other one asks for."""
    if not margin.rejected or margin.rejected[0].timing.is_bound:
        return ""
    if round(most_limit_s(margin.rejected[0]) - _least_s(margin), DIGITS) >= 0:
        return ""
    return " and, since the two are too near to each other, let wrong apps take longer, by a larger crowd for instance"


def _least_s(margin: Margin) -> float:
    """The tightest limit that leaves every accepted example enough."""
    sides = (*margin.accepted[:1], *margin.leisurely[:1])
    return max((least_limit_s(margin, side) for side in sides), default=margin.alone_s)


def _up(limit_s: float) -> float:
    """The next hundredth of a second, so that who follows the advice is done with it."""
    return math.ceil(round(limit_s * 100, DIGITS)) / 100


def _down(limit_s: float) -> float:
    """The hundredth of a second before it; a thousandth where that would be nothing."""
    return (
        math.floor(round(limit_s * 100, DIGITS)) / 100
        or math.floor(round(limit_s * 1000, DIGITS)) / 1000
    )
