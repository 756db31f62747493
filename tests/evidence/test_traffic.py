"""Requests and service events, as they are recorded."""

import msgspec
import pytest

from grader.evidence.traffic import Connection, EventEnd, Exchange, ExchangeError, ServiceEvent


def test_a_latency_counts_from_the_planned_moment() -> None:
    late = Exchange(id=1, method="GET", path="/", planned_s=1.0, sent_s=1.5, ended_s=3.0)
    assert late.elapsed_s == 2.0


@pytest.mark.parametrize("error", [None, *ExchangeError])
def test_an_exchange_is_saved_with_the_reason_why_it_has_no_answer(
    error: ExchangeError | None,
) -> None:
    exchange = Exchange(id=1, method="GET", path="/", planned_s=0.0, ended_s=1.0, error=error)
    assert msgspec.json.decode(msgspec.json.encode(exchange), type=Exchange) == exchange


def test_what_a_solution_asks_for_and_opens_is_open_at_first() -> None:
    event = ServiceEvent(id=1, service="cache", what="GET key:1", began_s=0.1)
    assert (event.end, event.answered_s, event.ended_s) == (EventEnd.OPEN, None, None)
    assert Connection(id=2, service="cache", opened_s=0.1).closed_s is None
