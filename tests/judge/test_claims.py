"""From a claim to what is wrong with it."""

import pytest
from msgspec.structs import replace

from grader.evidence.claims import (
    ClockClaim,
    CountClaim,
    GateClaim,
    Relation,
    StatusClaim,
    ValueClaim,
)
from grader.evidence.traffic import Exchange, ExchangeError
from grader.findings import (
    GateNotOpened,
    NoAnswer,
    StatusCount,
    TooFast,
    TooSlow,
    WrongCount,
    WrongStatus,
    WrongValue,
)
from grader.judge.claims import (
    Exchanges,
    blamed_exchanges,
    examine_claim,
    is_overlapping,
    measured_time_s,
)
from tests.judge.records import exchange, watch

SEEN = watch(3.0)


def by_id(*exchanges: Exchange) -> Exchanges:
    return {one.id: one for one in exchanges}


def statuses(*numbers: int, late: int | None = None, not_before_s: float = 0.0) -> StatusClaim:
    return StatusClaim(
        exchanges=numbers,
        allowed=(200,),
        watch=SEEN,
        late=() if late is None else (late,),
        not_before_s=not_before_s,
    )


def clock(*numbers: int, limit_s: float, relation: Relation = Relation.AT_MOST) -> ClockClaim:
    return ClockClaim(
        what="2 × GET /x", exchanges=numbers, relation=relation, limit_s=limit_s, watch=SEEN
    )


# ---- statuses


def test_an_allowed_status_is_right() -> None:
    assert examine_claim(statuses(1), by_id(exchange(1))) is None


def test_a_wrong_status_is_certain_and_told_with_its_body() -> None:
    miss = examine_claim(statuses(1), by_id(exchange(1, status=500)))
    assert miss is not None
    assert miss.is_certain
    assert miss.finding == WrongStatus(
        request="GET /x",
        allowed=(200,),
        seen=(StatusCount(500, 1),),
        body="text",
        count=1,
        total=1,
    )


def test_wrong_statuses_are_counted_the_most_frequent_first() -> None:
    sent = [exchange(n, status=status) for n, status in enumerate((500, 404, 500, 200))]
    miss = examine_claim(statuses(0, 1, 2, 3), by_id(*sent))
    assert miss is not None
    assert isinstance(miss.finding, WrongStatus)
    assert miss.finding.seen == (StatusCount(500, 2), StatusCount(404, 1))
    assert (miss.finding.count, miss.finding.total) == (3, 4)


def test_a_long_body_is_shortened() -> None:
    long = replace(exchange(1, status=500), body="x" * 1000)
    miss = examine_claim(statuses(1), by_id(long))
    assert miss is not None
    assert isinstance(miss.finding, WrongStatus)
    assert len(miss.finding.body) == 200


def test_no_answer_in_time_is_doubtful_and_judged_by_the_visitors_patience() -> None:
    silent = exchange(1, took_s=3.0, status=None, error=ExchangeError.TIMED_OUT)
    miss = examine_claim(statuses(1), by_id(replace(silent, patience_s=1.0)))
    assert miss is not None
    assert miss.finding == NoAnswer(
        request="GET /x", reason=ExchangeError.TIMED_OUT, waited_s=3.0, count=1, total=1
    )
    assert miss.doubt is not None
    assert (miss.doubt.watch, miss.doubt.own_limit_s) == (SEEN, 1.0)


def test_a_wait_in_a_longer_burst_is_judged_by_its_own_time_alone() -> None:
    silent = replace(
        exchange(1, took_s=5.0, status=None, error=ExchangeError.TIMED_OUT),
        patience_s=0.625,
        watch=watch(5.0, waited_s=4.8),
    )
    of_burst = replace(statuses(1), watch=watch(10.0, waited_s=4.8))
    miss = examine_claim(of_burst, by_id(silent))
    assert miss is not None
    assert miss.doubt is not None
    assert (miss.doubt.watch, miss.doubt.own_limit_s) == (silent.watch, 0.625)


def test_without_a_known_patience_half_of_the_wait_must_be_the_apps_own() -> None:
    silent = exchange(1, took_s=3.0, status=None, error=ExchangeError.TIMED_OUT)
    miss = examine_claim(statuses(1), by_id(silent))
    assert miss is not None
    assert miss.doubt is not None
    assert miss.doubt.own_limit_s == 1.5


def test_a_closed_connection_is_certain() -> None:
    closed = exchange(1, status=None, error=ExchangeError.CLOSED)
    miss = examine_claim(statuses(1), by_id(closed))
    assert miss is not None
    assert isinstance(miss.finding, NoAnswer)
    assert miss.is_certain


def test_a_wrong_status_is_told_before_a_missing_answer() -> None:
    silent = exchange(1, took_s=3, status=None, error=ExchangeError.TIMED_OUT)
    miss = examine_claim(statuses(1, 2, 3), by_id(silent, exchange(2, status=500), exchange(3)))
    assert miss is not None
    assert isinstance(miss.finding, WrongStatus)
    assert (miss.finding.count, miss.finding.total) == (1, 3)


@pytest.mark.parametrize(("took_s", "is_late"), [(0.4, True), (0.2, False)])
def test_a_late_status_is_late_unless_it_came_too_early(took_s: float, is_late: bool) -> None:
    claim = statuses(1, late=504, not_before_s=0.3)
    miss = examine_claim(claim, by_id(exchange(1, status=504, took_s=took_s)))
    assert miss is not None
    assert miss.is_late is is_late


def test_what_the_grader_cut_off_is_neither_right_nor_wrong() -> None:
    cut = exchange(1, status=None, error=ExchangeError.CUT_OFF)
    assert examine_claim(statuses(1), by_id(cut)) is None
    assert blamed_exchanges(statuses(1), by_id(cut)) == frozenset()


# ---- values and counts


def test_a_value_is_told_with_its_request() -> None:
    claim = ValueClaim(what="the body", wanted="1", seen="2", exchange=1)
    miss = examine_claim(claim, by_id(exchange(1)))
    assert miss is not None
    assert miss.finding == WrongValue(what="the body of GET /x", expected="1", observed="2")
    assert examine_claim(replace(claim, seen="1"), {}) is None


def test_the_late_value_is_late() -> None:
    claim = ValueClaim(what="the body", wanted="1", seen="2", late="2")
    miss = examine_claim(claim, {})
    assert miss is not None
    assert miss.is_late


@pytest.mark.parametrize(
    ("measured", "relation", "is_right"),
    [
        (2, Relation.EQUALS, True),
        (1, Relation.EQUALS, False),
        (2, Relation.AT_MOST, True),
        (3, Relation.AT_MOST, False),
        (2, Relation.AT_LEAST, True),
        (1, Relation.AT_LEAST, False),
    ],
)
def test_a_count_is_compared_with_its_limit(
    measured: float, relation: Relation, is_right: bool
) -> None:
    claim = CountClaim(what="connections", measured=measured, relation=relation, limit=2)
    miss = examine_claim(claim, {})
    assert (miss is None) is is_right
    if miss is not None:
        assert miss.is_certain
        assert miss.finding == WrongCount(
            what="connections", measured=measured, relation=relation, limit=2
        )


# ---- clocks


def test_the_time_of_a_burst_is_from_the_first_planned_sending_to_the_last_end() -> None:
    late = replace(exchange(2, took_s=0.5), planned_s=0.2)
    assert measured_time_s(clock(1, 2, limit_s=1.0), by_id(exchange(1), late)) == 0.5


def test_a_burst_within_its_limit_is_right() -> None:
    assert examine_claim(clock(1, limit_s=0.1), by_id(exchange(1, took_s=0.1))) is None


def test_a_slow_burst_carries_its_bars_in_the_order_of_their_ends() -> None:
    sent = by_id(exchange(1, took_s=1.2), exchange(2, took_s=0.6))
    miss = examine_claim(clock(1, 2, limit_s=0.4), sent)
    assert miss is not None
    assert isinstance(miss.finding, TooSlow)
    assert [(bar.from_s, bar.to_s) for bar in miss.finding.bars] == [(0.0, 0.6), (0.0, 1.2)]
    assert (miss.finding.measured_s, miss.finding.answered) == (1.2, 2)
    assert miss.doubt is not None
    assert miss.doubt.own_limit_s == 0.4


def test_a_burst_that_was_cut_off_says_how_many_were_answered() -> None:
    cut = exchange(2, took_s=0.5, status=None, error=ExchangeError.CUT_OFF)
    miss = examine_claim(clock(1, 2, limit_s=0.4), by_id(exchange(1), cut))
    assert miss is not None
    assert isinstance(miss.finding, TooSlow)
    assert (miss.finding.is_cut, miss.finding.answered, miss.finding.total) == (True, 1, 2)


def test_a_burst_that_did_not_overlap_can_have_no_witness() -> None:
    apart = replace(exchange(2, took_s=1.2), sent_s=0.9)
    miss = examine_claim(clock(1, 2, limit_s=0.4), by_id(exchange(1, took_s=0.6), apart))
    assert miss is not None
    assert miss.doubt is not None
    assert miss.doubt.own_limit_s is None
    assert miss.doubt.is_spoiled


def test_requests_overlap_when_all_were_sent_before_the_first_ended() -> None:
    assert is_overlapping([exchange(1, took_s=0.2), exchange(2, took_s=0.3)])
    assert not is_overlapping([exchange(1), replace(exchange(2), sent_s=None)])


@pytest.mark.parametrize(("took_s", "is_right"), [(0.1, True), (0.096, True), (0.09, False)])
def test_a_lower_limit_has_a_slack_of_5_ms(took_s: float, is_right: bool) -> None:
    claim = clock(1, limit_s=0.1, relation=Relation.AT_LEAST)
    miss = examine_claim(claim, by_id(exchange(1, took_s=took_s)))
    assert (miss is None) is is_right
    if miss is not None:
        assert miss.is_certain
        assert isinstance(miss.finding, TooFast)


# ---- gates


def test_a_gate_that_did_not_open_is_doubtful() -> None:
    claim = GateClaim(what="calls", wanted=3, seen=1, deadline_s=3.0, own_limit_s=0.5, watch=SEEN)
    miss = examine_claim(claim, {})
    assert miss is not None
    assert miss.finding == GateNotOpened(what="calls", seen=1, wanted=3, waited_s=3.0)
    assert miss.doubt is not None
    assert miss.doubt.own_limit_s == 0.5
    assert examine_claim(replace(claim, seen=3), {}) is None


# ---- who is to blame


def test_a_status_claim_blames_each_wrong_answer() -> None:
    sent = by_id(exchange(1), exchange(2, status=500), exchange(3, status=404))
    assert blamed_exchanges(statuses(1, 2), sent) == {2}


def test_a_clock_claim_blames_what_ended_after_its_limit() -> None:
    sent = by_id(exchange(1, took_s=0.4), exchange(2, took_s=0.5), exchange(3, took_s=9.0))
    assert blamed_exchanges(clock(1, 2, limit_s=0.4), sent) == {2}


def test_a_lower_limit_blames_no_exchange() -> None:
    claim = clock(1, limit_s=1.0, relation=Relation.AT_LEAST)
    assert blamed_exchanges(claim, by_id(exchange(1))) == frozenset()


def test_a_damaged_run_may_name_exchanges_that_it_does_not_have() -> None:
    assert blamed_exchanges(statuses(1, 7), by_id(exchange(1, status=500))) == {1}
    assert blamed_exchanges(clock(7, limit_s=0.4), {}) == frozenset()
