"""The calls since some moment."""

from collections import Counter

import pytest

from grader.measure.attempt import AttemptContext
from grader.measure.claims import ClaimMissed
from grader.services.upstream_asked import Asked, exact_claim
from grader.services.upstream_calls import CallBook
from tests.services.test_upstream_calls import enter


@pytest.fixture
def book(attempt: AttemptContext) -> CallBook:
    return CallBook(attempt)


async def test_only_later_calls_count(book: CallBook) -> None:
    enter(book, "/a")
    asked = Asked(book)
    enter(book, "/a")
    later = book.calls[1]
    assert asked.calls == asked.matching("/*") == [later]
    assert await asked.arrivals({"/a": 1}) == [later]


def test_exactly_these_calls_are_returned_whether_or_not_they_were_claimed(book: CallBook) -> None:
    asked = Asked(book)
    for path in ("/a", "/b"):
        enter(book, path)
    book.calls[0].claimed = True
    assert asked.exactly({"/b": 1, "/a": 1}) == [book.calls[1], book.calls[0]]
    assert book.calls[1].claimed


@pytest.mark.parametrize("wanted", [{"/a": 1}, {"/a": 2, "/b": 1}, {"/a": 1, "/c": 1}, {}])
def test_a_call_too_many_or_too_few_is_a_miss(book: CallBook, wanted: dict[str, int]) -> None:
    asked = Asked(book)
    for path in ("/a", "/b"):
        enter(book, path)
    with pytest.raises(ClaimMissed) as missed:
        asked.exactly(wanted)
    assert not missed.value.by_clock


def test_a_short_list_is_shown_whole_and_a_long_one_by_its_difference() -> None:
    short = exact_claim(Counter(["/a", "/b"]), Counter(["/a", "GET /c"]))
    assert (short.wanted, short.seen) == ('["/a", "/b"]', '["/a", "GET /c"]')
    many = [f"/a/{number}" for number in range(99)]
    long = exact_claim(Counter(many), Counter([*many[1:], "GET /b"]))
    assert (long.wanted, long.seen) == ('["/a/0"]', '["GET /b"]')
    assert "without the right ones" in long.what
