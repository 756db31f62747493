"""What is said of things that were asked of services: in a service's own words, so that no renderer
knows any service.
"""

import pytest

from grader.evidence.server import Excess, ServerLife
from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.judge.attempts import examine_attempt
from grader.render.events import name_of_all, name_of_each, outcome, peak, sentences
from grader.render.html.timeline import Lane, timeline
from grader.render.wording import message
from grader.report import CheckResult, Outcome
from tests.judge.records import attempt


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


def test_each_service_is_told_with_its_own_words_in_the_order_in_which_it_was_asked_first() -> None:
    assert sentences([*DATABASE, *UPSTREAM]) == [
        "The database got 2 queries, at most 2 at once.",
        "The upstream got 3 calls, at most 1 at once; 1 left by the app before the end; 1 cut by the upstream.",
    ]


def test_a_service_that_is_asked_in_more_than_one_way_counts_each() -> None:
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
def test_all_of_it_is_named_after_its_service_when_there_is_only_one(
    events: list[ServiceEvent], name: str, of_one: str
) -> None:
    assert (name_of_all(events), name_of_each(events)) == (name, of_one)


def test_who_cut_an_answer_is_named() -> None:
    assert outcome(event(1, "cache", end=EventEnd.CUT)) == "cut by the cache"


def test_a_row_of_the_timeline_names_its_service_only_where_there_are_several() -> None:
    (one,) = [
        lane for lane in timeline(attempt(events=tuple(UPSTREAM))).lanes if lane.lane is Lane.EVENTS
    ]
    assert (one.name, [row.what for row in one.rows]) == (
        "Calls to the upstream",
        ["GET /1", "GET /2", "GET /3"],
    )
    (both,) = [
        lane
        for lane in timeline(attempt(events=(UPSTREAM[0], DATABASE[0]))).lanes
        if lane.lane is Lane.EVENTS
    ]
    assert (both.name, [row.what for row in both.rows]) == (
        "Calls and queries to services",
        ["upstream: GET /1", "database: GET /4"],
    )


def test_what_ends_as_another_begins_does_not_overlap_it() -> None:
    assert peak([(0.0, 1.0), (1.0, 2.0), (1.5, None)]) == 2
    assert peak([]) == 0


def test_a_limit_of_a_service_that_nobody_here_knows_is_told_in_its_own_words() -> None:
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
