"""Words for events of services: they come from the service, so no renderer knows any service."""

import pytest
from hypothesis import given

from grader.evidence.server import Excess, ServerLife
from grader.evidence.traffic import EventEnd, ExchangeError, ServiceEvent
from grader.judge.attempts import examine_attempt
from grader.render.events import (
    capital,
    error_word,
    name_of_all,
    name_of_each,
    outcome,
    sentences,
    service_name,
)
from grader.render.wording import message
from grader.report import CheckResult, Outcome
from tests.judge.records import attempt, exchange
from tests.render.hostile import hostile_text


def event(
    number: int,
    service: str = "upstream",
    kind: str = "call",
    end: EventEnd = EventEnd.ANSWERED,
    **times: float,
) -> ServiceEvent:
    began_s = times.get("began_s", 0.1 * number)
    return ServiceEvent(
        id=number,
        service=service,
        kind=kind,
        what=f"GET /{number}",
        began_s=began_s,
        ended_s=times.get("ended_s", began_s + 0.05),
        end=end,
    )


UPSTREAM = [event(1), event(2, end=EventEnd.CUT), event(3, end=EventEnd.CLIENT_LEFT)]
DATABASE = [
    event(4, "database", "query", began_s=0.4, ended_s=0.6),
    event(5, "database", "query", began_s=0.5, ended_s=0.7),
]


def test_each_service_has_a_sentence_in_its_own_words_in_order_of_first_use() -> None:
    assert sentences([*DATABASE, *UPSTREAM]) == [
        "The database got 2 queries, at most 2 at once.",
        "The upstream got 3 calls, at most 1 at once; 1 abandoned by the app; 1 cut by the upstream.",
    ]


def test_a_service_with_several_kinds_of_events_counts_each() -> None:
    asked = [event(1, "cache", "read"), event(2, "cache", "read"), event(3, "cache", "write")]
    assert sentences(asked) == ["The cache got 2 reads and 1 write, at most 1 at once."]
    assert name_of_all(asked) == "Reads and writes to the cache"


@pytest.mark.parametrize(
    ("events", "name", "of_one"),
    [
        (UPSTREAM, "Calls to the upstream", "call to the upstream"),
        (DATABASE, "Queries to the database", "query to the database"),
        ([*UPSTREAM, *DATABASE], "Calls and queries to services", "call or query to a service"),
        ([event(1), event(2, "cache")], "Calls to services", "call to a service"),
    ],
)
def test_events_are_named_after_their_service_if_there_is_only_one(
    events: list[ServiceEvent], name: str, of_one: str
) -> None:
    assert (name_of_all(events), name_of_each(events)) == (name, of_one)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (EventEnd.ANSWERED, "answered"),
        (EventEnd.CLIENT_LEFT, "abandoned by the app"),
        (EventEnd.CUT, "cut by the cache"),
        (EventEnd.OPEN, "unfinished at the end"),
    ],
)
def test_an_event_has_an_outcome(end: EventEnd, words: str) -> None:
    assert outcome(event(1, "cache", end=end)) == words


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (None, ""),
        (ExchangeError.CUT_OFF, "unanswered"),
        (ExchangeError.REFUSED, "connection refused"),
    ],
)
def test_a_request_without_an_answer_says_why(error: ExchangeError | None, words: str) -> None:
    assert error_word(exchange(error=error)) == words


def test_every_reason_for_a_missing_answer_has_words() -> None:
    assert all(error_word(exchange(error=error)) for error in ExchangeError)


@given(hostile_text)
def test_foreign_names_stay_printable_and_short(text: str) -> None:
    asked = [event(1, text, text), event(2, text, text)]
    for words in (service_name(text), name_of_all(asked), name_of_each(asked), *sentences(asked)):
        assert words.isprintable()
        assert len(words) < 200


def test_a_sentence_starts_with_a_capital() -> None:
    assert (capital("calls"), capital(""), capital("Ä")) == ("Calls", "", "Ä")


def test_a_limit_of_an_unknown_service_is_described_in_its_own_words() -> None:
    excess = Excess(
        what="cache_bytes", limit=8 * 1024 * 1024, seen=9e6, noun="Cache", of="in memory"
    )
    miss = examine_attempt(
        attempt(life=ServerLife(workers=1, started_s=0.0, ready_s=0.1, exceeded=excess))
    )
    assert miss is not None
    result = CheckResult(name="test_a", title="A.", outcome=Outcome.FAILED, finding=miss.finding)
    assert (
        message(result)
        == "Cache: the limit of 8 MiB in memory was exceeded, so the app was stopped."
    )
