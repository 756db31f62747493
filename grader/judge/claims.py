"""Examines claims against the recorded evidence. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

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
from grader.findings import (
    Bar,
    GateNotOpened,
    NoAnswer,
    StatusCount,
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.judge.rule import DEADLINE_SHARE, LOWER_SLACK_S
from grader.judge.witnesses import Doubt, Miss

Exchanges = Mapping[int, Exchange]
"""The exchanges of an attempt, by id."""

SHOWN_CHARS = 200
"""Maximum length of a value or a body in a finding, which is shown on one line."""

STATUSES_SHOWN = 3
"""Maximum number of different statuses in a finding."""


def examine_claim(claim: Claim, exchanges: Exchanges) -> Miss | None:
    """What is wrong with a claim, or None if it is true.

    Raises:
        KeyError: the claim names an exchange that is not among `exchanges`.
    """
    match claim:
        case StatusClaim():
            return _examine_status(claim, exchanges)
        case ValueClaim():
            return _examine_value(claim, exchanges)
        case CountClaim():
            return _examine_count(claim)
        case ClockClaim():
            return _examine_clock(claim, exchanges)
        case GateClaim():
            return _examine_gate(claim)
        case _:
            assert_never(claim)


def blamed_exchanges(claim: Claim, exchanges: Exchanges) -> frozenset[int]:
    """Ids of the exchanges at fault: those answered with a wrong status for a status claim, those that ended after the
    limit for an upper clock limit, and none for any other claim. Ids without an exchange are ignored.
    """
    match claim:
        case StatusClaim():
            concerned = _known(claim.exchanges, exchanges)
            return frozenset(e.id for e in concerned if e.error is None and _is_wrong(e, claim))
        case ClockClaim() if claim.relation is Relation.AT_MOST:
            concerned = _known(claim.exchanges, exchanges)
            ends_s = began_s(concerned) + claim.limit_s
            return frozenset(e.id for e in concerned if e.ended_s > ends_s)
        case ClockClaim() | ValueClaim() | CountClaim() | GateClaim():
            return frozenset()
        case _:
            assert_never(claim)


def measured_time_s(claim: ClockClaim, exchanges: Exchanges) -> float:
    """Seconds from the first planned request of the claim to the end of its last exchange.

    Raises:
        KeyError: the claim names an exchange that is not among `exchanges`.
    """
    concerned = [exchanges[number] for number in claim.exchanges]
    return max(e.ended_s for e in concerned) - began_s(concerned)


def began_s(exchanges: Iterable[Exchange]) -> float:
    """The earliest planned time of these exchanges, from which their duration counts; 0 if there are none."""
    return min((exchange.planned_s for exchange in exchanges), default=0.0)


def is_overlapping(exchanges: Sequence[Exchange]) -> bool:
    """Whether there was a moment at which all exchanges were under way; a burst without one proves nothing
    (docs/explanation/verdicts.md, "A faulty burst is void").
    """
    sent = [exchange.sent_s for exchange in exchanges if exchange.sent_s is not None]
    return len(sent) == len(exchanges) and max(sent) < min(
        exchange.ended_s for exchange in exchanges
    )


def _known(numbers: Iterable[int], exchanges: Exchanges) -> list[Exchange]:
    return [exchanges[number] for number in numbers if number in exchanges]


def _is_wrong(exchange: Exchange, claim: StatusClaim) -> bool:
    # An exchange that the grader cut off is neither right nor wrong; the clock claim that follows reports the miss.
    if exchange.error is ExchangeError.CUT_OFF:
        return False
    return exchange.error is not None or exchange.status not in claim.allowed


def _examine_status(claim: StatusClaim, exchanges: Exchanges) -> Miss | None:
    concerned = [exchanges[number] for number in claim.exchanges]
    wrong = [exchange for exchange in concerned if _is_wrong(exchange, claim)]
    if not wrong:
        return None
    # A wrong status is final, but noise can cause a missing or late answer, so certain misses are reported first.
    late = [
        e
        for e in wrong
        if e.status in claim.late and e.error is None and e.elapsed_s >= claim.not_before_s
    ]
    certain = [e for e in wrong if e.error is not ExchangeError.TIMED_OUT and e not in late]
    reported = certain or late or wrong
    first = reported[0]
    if first.error is not None:
        return _unanswered(first, first.error, claim, len(wrong))
    statuses = Counter(e.status for e in reported if e.error is None)
    return Miss(
        WrongStatus(
            request=_request(first),
            allowed=claim.allowed,
            seen=tuple(StatusCount(*pair) for pair in statuses.most_common(STATUSES_SHOWN)),
            body=_shorten(first.body),
            count=len(reported),
            total=len(concerned),
            is_late=not certain,
        )
    )


def _unanswered(first: Exchange, reason: ExchangeError, claim: StatusClaim, count: int) -> Miss:
    waited_s = first.elapsed_s
    finding = NoAnswer(
        request=_request(first),
        reason=reason,
        waited_s=waited_s,
        count=count,
        total=len(claim.exchanges),
    )
    if reason is not ExchangeError.TIMED_OUT:
        return Miss(finding)
    # Runs saved by older versions do not record the patience of visitors.
    patience_s = waited_s * DEADLINE_SHARE if first.patience_s is None else first.patience_s
    # The claim's watch is of the whole burst, which may go on long after this visitor.
    return Miss(finding, Doubt(first.watch or claim.watch, patience_s))


def _examine_value(claim: ValueClaim, exchanges: Exchanges) -> Miss | None:
    if claim.wanted == claim.seen:
        return None
    exchange = exchanges.get(claim.exchange) if claim.exchange is not None else None
    return Miss(
        WrongValue(
            what=claim.what if exchange is None else f"{claim.what} of {_request(exchange)}",
            expected=_shorten(claim.wanted),
            observed=_shorten(claim.seen),
            is_late=claim.seen == claim.late,
        )
    )


def _examine_count(claim: CountClaim) -> Miss | None:
    is_right = {
        Relation.EQUALS: claim.measured == claim.limit,
        Relation.AT_MOST: claim.measured <= claim.limit,
        Relation.AT_LEAST: claim.measured >= claim.limit,
    }[claim.relation]
    if is_right:
        return None
    return Miss(
        WrongCount(
            what=claim.what,
            measured=claim.measured,
            relation=claim.relation,
            limit=claim.limit,
            unit=claim.unit,
            is_late=claim.late,
        )
    )


def _examine_clock(claim: ClockClaim, exchanges: Exchanges) -> Miss | None:
    measured_s = measured_time_s(claim, exchanges)
    concerned = [exchanges[number] for number in claim.exchanges]
    if claim.relation is Relation.AT_LEAST:
        if measured_s >= claim.limit_s - LOWER_SLACK_S:
            return None
        return Miss(
            TooFast(
                what=claim.what,
                measured_s=measured_s,
                limit_s=claim.limit_s,
                bars=_bars(concerned),
            )
        )
    if measured_s <= claim.limit_s:
        return None
    finding = TooSlow(
        what=claim.what,
        measured_s=measured_s,
        limit_s=claim.limit_s,
        is_cut=any(exchange.error is ExchangeError.CUT_OFF for exchange in concerned),
        answered=sum(exchange.error is None for exchange in concerned),
        total=len(concerned),
        alone_s=claim.alone_s,
        bars=_bars(concerned),
    )
    overlapped = is_overlapping(concerned)
    at_once = len({exchange.planned_s for exchange in concerned}) == 1
    own_limit_s = claim.limit_s if overlapped else None
    return Miss(finding, Doubt(claim.watch, own_limit_s, is_spoiled=at_once and not overlapped))


def _examine_gate(claim: GateClaim) -> Miss | None:
    if claim.seen >= claim.wanted:
        return None
    finding = GateNotOpened(
        what=claim.what, seen=claim.seen, wanted=claim.wanted, waited_s=claim.watch.elapsed_s
    )
    return Miss(finding, Doubt(claim.watch, claim.own_limit_s))


def _bars(exchanges: Sequence[Exchange]) -> tuple[Bar, ...]:
    """A bar for each exchange, in seconds from the first planned request, sorted by end."""
    start_s = began_s(exchanges)
    bars = [
        Bar(
            from_s=e.planned_s - start_s,
            to_s=e.ended_s - start_s,
            is_cut=e.error is ExchangeError.CUT_OFF,
        )
        for e in exchanges
    ]
    return tuple(sorted(bars, key=lambda bar: (bar.to_s, bar.from_s)))


def _request(exchange: Exchange) -> str:
    return f"{exchange.method} {exchange.path}"


def _shorten(text: str) -> str:
    return text if len(text) <= SHOWN_CHARS else f"{text[: SHOWN_CHARS - 1]}…"
