"""Margins of clock limits: the distance of each limit from accepted and rejected examples, in own time. Pure."""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

from grader.authoring.examples import Example, Kind
from grader.authoring.proof import Margin, Problem, Side, Timing, Trial
from grader.authoring.thresholds import ABOVE, BELOW, DIGITS, LEISURE_S
from grader.report import Outcome

CHECKS = "checks.py"

# ---- from times to margins ------------------------------------------------------------------------------------------


def margins_of(trials: Sequence[Trial]) -> tuple[Margin, ...]:
    """The margin of each clock limit that an example reached, in the order in which the checks apply them."""
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
    """The time of an accepted example: its fastest attempt, because noise only adds time.

    An attempt that reaches the limit several times is represented by the slowest time.
    """
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
    """The time of a rejected example: the median of its times above the limit, the lower one of two medians."""
    caught = [missed for trial in rounds if (missed := _misses(trial, limit, Outcome.FAILED))]
    timings = sorted(
        (timing for missed in caught for timing in missed), key=lambda timing: timing.judged_s
    )
    return Side(example, timings[(len(timings) - 1) // 2], len(caught)) if timings else None


def _misses(trial: Trial, limit: Margin, outcome: Outcome) -> list[Timing]:
    """The times above the limit in a trial; none if the check had another outcome."""
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


# ---- from margins to problems ---------------------------------------------------------------------------------------


def offenders(trials: Sequence[Trial]) -> set[Example]:
    """The examples that are too slow or too fast for one of the limits."""
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
    """Whether this rejected example is too fast for the limit."""
    return round(most_limit_s(side) - margin.limit_s, DIGITS) < 0


def least_limit_s(margin: Margin, side: Side) -> float:
    """The lowest limit that leaves a sufficient margin for this accepted example."""
    if side.example.is_leisurely:
        return side.judged_s + LEISURE_S
    return margin.alone_s + ABOVE * (side.judged_s - margin.alone_s)


def most_limit_s(side: Side) -> float:
    """The highest limit that this rejected example exceeds by a sufficient margin. Where its visitors gave up, nobody
    knows how long it would have taken: their patience counts as it is, without a factor.
    """
    return side.judged_s if side.timing.is_bound else side.judged_s / BELOW


def margin_problems(margins: Sequence[Margin]) -> Iterator[Problem]:
    """A problem for each limit that is too close to an example, with the change that solves it."""
    for margin in margins:
        limit = f"{margin.check}: the limit of {margin.limit_s:g} s for {margin.what}"
        for side in (*margin.accepted[:1], *margin.leisurely[:1]):
            if is_too_slow(margin, side):
                yield Problem(CHECKS, f"{limit} is {_tightness(margin, side)}. {_raise(margin)}.")
        if not margin.rejected:
            if not margin.is_undecided:
                text = f"{limit} caught no rejected example; add an example that it catches, or remove the limit."
                yield Problem(CHECKS, text)
        elif is_too_near(margin, margin.rejected[0]):
            fastest = margin.rejected[0]
            near = f"is too close to the fastest rejected example {_time(fastest)}"
            why = (
                "whose visitors give up before it"
                if fastest.timing.is_bound
                else f"which takes only {margin.below:.1f} × the limit; {BELOW:g} × is required"
            )
            yield Problem(CHECKS, f"{limit} {near}, {why}. {_lower(margin, fastest)}.")


def _tightness(margin: Margin, side: Side) -> str:
    if side.example.is_leisurely:
        room_s = margin.limit_s - side.judged_s
        where = f"only {room_s:.3f} s above" if room_s >= 0 else "below"
        return f"{where} the slowest leisurely example {_time(side)}; {LEISURE_S:g} s is required"
    without = (
        f", less the {margin.alone_s:g} s of one request alone on both sides"
        if margin.alone_s
        else ""
    )
    return (
        f"only {margin.factor_above(side) or 0:.1f} × the slowest accepted example "
        f"{_time(side)}{without}; {ABOVE:g} × is required"
    )


def _time(side: Side) -> str:
    timing = side.timing
    bound = "at least " if timing.is_bound else ""
    own = "" if timing.own_s is None else " of own time"
    return f"({side.example.label}, {bound}{side.judged_s:.3f} s{own})"


def _raise(margin: Margin) -> str:
    return f"Raise the limit to {_up(_least_s(margin)):g} s or more{_if_none_fits(margin)}"


def _lower(margin: Margin, fastest: Side) -> str:
    limit = f"the limit to {_down(most_limit_s(fastest)):g} s or less"
    if fastest.timing.is_bound:
        return f"Give its visitors the limit as `within_s`, or lower {limit}"
    return f"Lower {limit}{_if_none_fits(margin)}"


def _if_none_fits(margin: Margin) -> str:
    """Further advice if no limit suits both accepted and rejected examples; else empty."""
    if not margin.rejected or margin.rejected[0].timing.is_bound:
        return ""
    if round(most_limit_s(margin.rejected[0]) - _least_s(margin), DIGITS) >= 0:
        return ""
    return ", and make wrong apps slower, for instance with a larger crowd: no limit fits between the two"


def _least_s(margin: Margin) -> float:
    """The lowest limit that leaves a sufficient margin for every accepted example."""
    sides = (*margin.accepted[:1], *margin.leisurely[:1])
    return max((least_limit_s(margin, side) for side in sides), default=margin.alone_s)


def _up(limit_s: float) -> float:
    """Rounded up to a hundredth of a second, so that following the advice is sufficient."""
    return math.ceil(round(limit_s * 100, DIGITS)) / 100


def _down(limit_s: float) -> float:
    """Rounded down to a hundredth of a second, or to a thousandth where that would give 0."""
    return (
        math.floor(round(limit_s * 100, DIGITS)) / 100
        or math.floor(round(limit_s * 1000, DIGITS)) / 1000
    )
