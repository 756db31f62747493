"""Whether a claim of a check holds: pure functions from recorded facts to findings."""

from collections import Counter
from collections.abc import Mapping, Sequence

from grader.evidence.claims import (
    Claim,
    ClockClaim,
    CountClaim,
    GateClaim,
    Relation,
    StatusClaim,
    ValueClaim,
)
from grader.evidence.traffic import Exchange, ExchangeError
from grader.judge.clock import DEADLINE_SHARE
from grader.report import Bar, Finding, FindingKind

LOWER_SLACK_S = 0.005
"""Lower bounds need slack: a 30 ms timer can read 29 (design)."""

SHOWN_CHARS = 200
"""How much of a value or a body a finding carries."""

ERROR_WORDS = {
    ExchangeError.REFUSED: "connection refused",
    ExchangeError.CLOSED: "connection closed without an answer",
    ExchangeError.TIMED_OUT: "no answer",
    ExchangeError.MALFORMED: "not valid HTTP",
    ExchangeError.TOO_LARGE: "answer too large",
    ExchangeError.LEFT: "the visitor had left",
    ExchangeError.CUT_OFF: "cut off",
}


def examine_claim(claim: Claim, exchanges: Mapping[int, Exchange]) -> Finding | None:
    """What is wrong with this claim, or None when it holds.

    Args:
        claim: the claim.
        exchanges: all exchanges of the attempt, by id.
    """
    if isinstance(claim, StatusClaim):
        return _examine_status(claim, exchanges)
    if isinstance(claim, ValueClaim):
        return _examine_value(claim, exchanges)
    if isinstance(claim, CountClaim):
        return _examine_count(claim)
    if isinstance(claim, ClockClaim):
        return _examine_clock(claim, exchanges)
    return _examine_gate(claim)


def measured_time_s(claim: ClockClaim, exchanges: Mapping[int, Exchange]) -> float:
    """Seconds from the first planned sending to the last end of the claim's exchanges."""
    concerned = [exchanges[number] for number in claim.exchanges]
    return max(e.ended_s for e in concerned) - min(e.planned_s for e in concerned)


def is_overlapping(exchanges: Sequence[Exchange]) -> bool:
    """Whether there was a moment at which all of them were under way; a burst without one has proved
    nothing (design).
    """
    sent = [exchange.sent_s for exchange in exchanges if exchange.sent_s is not None]
    return len(sent) == len(exchanges) and max(sent) < min(
        exchange.ended_s for exchange in exchanges
    )


def _bars(exchanges: Sequence[Exchange]) -> tuple[Bar, ...]:
    """When each exchange began and ended, counted from the first, in the order of their ends."""
    began_s = min(exchange.planned_s for exchange in exchanges)
    bars = [
        Bar(
            from_s=e.planned_s - began_s,
            to_s=e.ended_s - began_s,
            is_cut=e.error is ExchangeError.CUT_OFF,
        )
        for e in exchanges
    ]
    return tuple(sorted(bars, key=lambda bar: (bar.to_s, bar.from_s)))


def _examine_status(claim: StatusClaim, exchanges: Mapping[int, Exchange]) -> Finding | None:
    concerned = [exchanges[number] for number in claim.exchanges]
    # What the grader cut off itself is neither right nor wrong: the clock claim that follows says why.
    wrong = [
        e
        for e in concerned
        if e.error is not ExchangeError.CUT_OFF
        and (e.error is not None or e.status not in claim.allowed)
    ]
    if not wrong:
        return None
    # A wrong status is final, a missing or a late answer may be noise; so the certain kind is told first.
    late = [
        e
        for e in wrong
        if e.status in claim.late and e.error is None and e.elapsed_s >= claim.not_before_s
    ]
    certain = [e for e in wrong if e.error is not ExchangeError.TIMED_OUT and e not in late]
    told = certain or late or wrong
    first = told[0]
    subject = f"{first.method} {first.path}"
    expected = " or ".join(str(status) for status in claim.allowed)
    if first.error is not None:
        return Finding(
            kind=FindingKind.NO_ANSWER,
            subject=subject,
            expected=expected,
            observed=ERROR_WORDS[first.error],
            measured=first.elapsed_s if first.error is ExchangeError.TIMED_OUT else None,
            unit="s",
            count=len(wrong),
            total=len(concerned),
            by_clock=first.error is ExchangeError.TIMED_OUT,
            limit=first.elapsed_s if first.error is ExchangeError.TIMED_OUT else None,
            watch=claim.watch,
            own_limit_s=first.elapsed_s * DEADLINE_SHARE
            if first.patience_s is None
            else first.patience_s,
        )
    statuses = Counter(e.status for e in told if e.error is None)
    observed = ", ".join(
        f"{status}" if len(concerned) == 1 else f"{count} × {status}"
        for status, count in statuses.most_common(3)
    )
    return Finding(
        kind=FindingKind.WRONG_STATUS,
        subject=subject,
        expected=expected,
        observed=f"{observed} {_shorten(first.body)}".strip() if first.body else observed,
        count=len(told),
        total=len(concerned),
        is_late=not certain,
    )


def _examine_value(claim: ValueClaim, exchanges: Mapping[int, Exchange]) -> Finding | None:
    if claim.wanted == claim.seen:
        return None
    exchange = exchanges.get(claim.exchange) if claim.exchange is not None else None
    subject = (
        claim.what if exchange is None else f"{claim.what} of {exchange.method} {exchange.path}"
    )
    return Finding(
        kind=FindingKind.WRONG_VALUE,
        subject=subject,
        expected=_shorten(claim.wanted),
        observed=_shorten(claim.seen),
        count=1,
        total=1,
        is_late=claim.seen == claim.late,
    )


def _examine_count(claim: CountClaim) -> Finding | None:
    holds = {
        Relation.EQUALS: claim.measured == claim.limit,
        Relation.AT_MOST: claim.measured <= claim.limit,
        Relation.AT_LEAST: claim.measured >= claim.limit,
    }[claim.relation]
    if holds:
        return None
    return Finding(
        kind=FindingKind.WRONG_COUNT,
        subject=claim.what,
        expected=claim.relation.value,
        measured=claim.measured,
        limit=claim.limit,
        unit=claim.unit,
        is_late=claim.late,
    )


def _examine_clock(claim: ClockClaim, exchanges: Mapping[int, Exchange]) -> Finding | None:
    measured_s = measured_time_s(claim, exchanges)
    if claim.relation is Relation.AT_LEAST:
        if measured_s >= claim.limit_s - LOWER_SLACK_S:
            return None
    elif measured_s <= claim.limit_s:
        return None
    concerned = [exchanges[number] for number in claim.exchanges]
    whole = [exchange for exchange in concerned if exchange.error is None]
    return Finding(
        kind=FindingKind.TOO_FAST if claim.relation is Relation.AT_LEAST else FindingKind.TOO_SLOW,
        subject=claim.what,
        observed="cut off"
        if any(exchange.error is ExchangeError.CUT_OFF for exchange in concerned)
        else "",
        measured=measured_s,
        limit=claim.limit_s,
        unit="s",
        count=len(whole),
        total=len(concerned),
        by_clock=claim.relation is not Relation.AT_LEAST,
        alone_s=claim.alone_s,
        watch=claim.watch,
        own_limit_s=claim.limit_s if is_overlapping(concerned) else None,
        bars=_bars(concerned),
    )


def _examine_gate(claim: GateClaim) -> Finding | None:
    if claim.seen >= claim.wanted:
        return None
    return Finding(
        kind=FindingKind.NEVER_CAME,
        subject=claim.what,
        measured=claim.seen,
        limit=claim.wanted,
        count=claim.seen,
        total=claim.wanted,
        by_clock=True,
        watch=claim.watch,
        own_limit_s=claim.own_limit_s,
    )


def _shorten(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"
