"""Judges late answers: those that a right solution, too, gives once a deadline of its own has passed. Pure.

The machine can take the time before such a deadline from a right solution. Then the solution had too little time of its
own. A solution that is late although it had more time of its own than the reference needed is late by its own doing.
"""

from collections.abc import Iterable
from dataclasses import replace

from grader.evidence.claims import StatusClaim, ValueClaim
from grader.evidence.machine import Watch
from grader.evidence.run import Attempt
from grader.evidence.traffic import Exchange
from grader.judge.claims import Exchanges
from grader.judge.rule import LATE_MARGIN_S, LATE_MARGIN_SHARE, LOWER_SLACK_S, QUIET_SHARE
from grader.judge.witnesses import Doubt, Miss, own_time_s


def doubt_lateness(miss: Miss, attempt: Attempt, exchanges: Exchanges) -> Miss:
    """The late miss of an attempt, with the reason why noise may have caused it; unchanged if it is certain.

    It is certain if the kata names no deadline, and if a late value came before any deadline could pass. Its doubt has
    a limit that only a quiet machine lets own time exceed.
    """
    deadline_s = attempt.own_deadline_s
    if deadline_s is None or attempt.watch is None:
        return miss
    claim = _claim_of(miss, attempt)
    late = _late_exchange(claim, exchanges)
    if late is not None and isinstance(claim, ValueClaim) and _is_early(late, deadline_s):
        return miss
    watch = attempt.watch if late is None else _watch_of(late, miss.claim, attempt)
    return replace(miss, doubt=Doubt(watch, watch.elapsed_s - deadline_s * QUIET_SHARE))


def is_late_by_itself(
    miss: Miss, attempt: Attempt, exchanges: Exchanges, held: Iterable[tuple[Attempt, Exchanges]]
) -> bool:
    """Whether the solution's own time before its late answer exceeds all of the time that the reference needed, by
    a margin for right solutions that need more.

    Noise only makes the reference slower, so the least of its times counts.

    Args:
        miss: of an attempt at the solution.
        attempt: the attempt with the miss.
        exchanges: of that attempt, by id.
        held: attempts at the reference that passed, each with its exchanges.
    """
    claim = _claim_of(miss, attempt)
    if not miss.is_late or miss.doubt is None or miss.doubt.watch is None or claim is None:
        return False
    late = _late_exchange(claim, exchanges)
    needed = [_needed_s(claim, miss.claim, *reference) for reference in held]
    known = [seconds for seconds in needed if seconds is not None]
    own = None if late is None else own_time_s(late.elapsed_s, miss.doubt.watch)
    if late is None or own is None or not known:
        return False
    needed_s = min(known)
    margin_s = max(LATE_MARGIN_S, (late.elapsed_s - needed_s) * LATE_MARGIN_SHARE)
    return own > needed_s + margin_s


def _claim_of(miss: Miss, attempt: Attempt) -> StatusClaim | ValueClaim | None:
    """The claim about an answer that is missed; None if it is about something else."""
    claim = None if miss.claim is None else attempt.claims[miss.claim]
    return claim if isinstance(claim, StatusClaim | ValueClaim) else None


def _late_exchange(claim: StatusClaim | ValueClaim | None, exchanges: Exchanges) -> Exchange | None:
    """The exchange with the late answer, the shortest of several; None if the claim is about no answer."""
    if isinstance(claim, StatusClaim):
        known = [exchanges[number] for number in claim.exchanges if number in exchanges]
        late = [one for one in known if one.status in claim.late]
        return min(late, key=lambda one: one.elapsed_s, default=None)
    if claim is None or claim.exchange is None:
        return None
    return exchanges.get(claim.exchange)


def _is_early(exchange: Exchange, deadline_s: float) -> bool:
    """Whether an answer came before a deadline of this many seconds could pass."""
    return exchange.elapsed_s < deadline_s - LOWER_SLACK_S


def _watch_of(exchange: Exchange, missed: int | None, attempt: Attempt) -> Watch:
    """The shortest watch of the time in which noise may have caused a late answer.

    That is the watch of a status claim about the exchange if it covers all of it, and if the claims before have found
    every other visitor's answer right. Otherwise it is that of the whole attempt: another visitor, whose answer nobody
    has looked at yet, may have been late first, and have changed what this one was told.
    """
    assert attempt.watch is not None
    statuses = [claim for claim in attempt.claims[:missed] if isinstance(claim, StatusClaim)]
    looked_at = {number for claim in statuses for number in claim.exchanges}
    if any(one.id not in looked_at | {exchange.id} for one in attempt.exchanges):
        return attempt.watch
    watches = [
        claim.watch
        for claim in attempt.claims
        if isinstance(claim, StatusClaim)
        and exchange.id in claim.exchanges
        and claim.watch.started_s <= exchange.planned_s
        and claim.watch.ended_s >= exchange.ended_s
    ]
    return min([*watches, attempt.watch], key=lambda watch: watch.elapsed_s)


def _needed_s(
    missed: StatusClaim | ValueClaim, index: int | None, attempt: Attempt, exchanges: Exchanges
) -> float | None:
    """How long the reference needed for the answer that the same claim is about; None if it made another claim."""
    if index is None or index >= len(attempt.claims):
        return None
    claim = attempt.claims[index]
    if isinstance(claim, StatusClaim) and isinstance(missed, StatusClaim):
        is_same = claim.allowed == missed.allowed and len(claim.exchanges) == len(missed.exchanges)
        numbers: tuple[int | None, ...] = claim.exchanges
    elif isinstance(claim, ValueClaim) and isinstance(missed, ValueClaim):
        is_same, numbers = claim.what == missed.what, (claim.exchange,)
    else:
        return None
    known = [exchanges[number] for number in numbers if number is not None and number in exchanges]
    return max(one.elapsed_s for one in known) if is_same and known else None
