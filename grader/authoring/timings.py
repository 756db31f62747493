"""Extracts from the evidence the times that clock limits apply to. Pure."""

import re
from collections.abc import Iterator, Sequence

from grader.authoring.proof import Timing
from grader.authoring.thresholds import DIGITS
from grader.evidence.claims import ClockClaim, Relation, StatusClaim
from grader.evidence.machine import Watch
from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.evidence.traffic import Exchange, ExchangeError
from grader.judge.attempts import exchanges_by_id
from grader.judge.claims import examine_claim, measured_time_s
from grader.judge.witnesses import own_time_s


def timings_of(records: Sequence[CheckRecord]) -> Iterator[Timing]:
    """The solution's times at clock limits, in all attempts."""
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
    """Lower bounds, from visitors who gave up before their time could be compared with a limit."""
    late = [exchange for exchange in exchanges if exchange.error is ExchangeError.TIMED_OUT]
    if late:
        longest = max(late, key=lambda exchange: exchange.elapsed_s)
        yield Timing(
            check=check,
            what=without_numbers(f"{exchanges[0].method} {exchanges[0].path}"),
            limit_s=0.0,
            measured_s=longest.elapsed_s,
            own_s=own_time_s(longest.elapsed_s, longest.watch or watch),
            missed=True,
            is_bound=True,
            attempt=number,
        )


def without_numbers(what: str) -> str:
    """The text with `#` for numbers and for path segments with digits, which differ between runs."""
    return re.sub(r"[^/ ]*\d[^/ ]*", "#", what)
