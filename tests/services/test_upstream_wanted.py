"""Wanted calls: what their keys mean, and which calls they match."""

from dataclasses import dataclass, field

import pytest

from grader.evidence.claims import GateClaim
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed, Signal
from grader.services.upstream_wanted import (
    Target,
    body_text,
    call_name,
    claim_arrivals,
    listed,
    match,
    shortfall,
    slots_of,
    target_of,
)


@dataclass
class Came:
    """A call that arrived."""

    path: str
    query: str = ""
    method: str = "GET"
    body: object = None
    left: bool = False
    claimed: bool = False
    target: Target = field(init=False)
    text: str = field(init=False)

    def __post_init__(self) -> None:
        self.target = target_of(self.path, self.query)
        self.text = body_text(self.body)


def test_a_key_without_a_method_means_any() -> None:
    post = Came("/a", method="POST")
    assert match(slots_of({"/a": 1}), [post]) == [post]
    assert match(slots_of({"POST /a": 1}), [post]) == [post]
    assert match(slots_of({"GET /a": 1}), [post]) == [None]


def test_the_order_of_a_query_does_not_matter_but_its_values_do() -> None:
    came = Came("/a", "y=2&x=1&x=1")
    assert match(slots_of({"/a?x=1&y=2&x=1": 1}), [came]) == [came]
    for other in ("/a?x=1&y=2", "/a", "/a?x=1&x=1&y=3"):
        assert match(slots_of({other: 1}), [came]) == [None]


def test_an_encoded_path_is_the_same_path_unless_the_slash_is_encoded() -> None:
    came = Came("/a%20b/%63")
    assert match(slots_of({"/a%20b/c": 1}), [came]) == [came]
    assert match(slots_of({"/a/b": 1}), [Came("/a%2Fb")]) == [None]


def test_bodies_are_a_multiset_of_json() -> None:
    one, two = Came("/a", body={"x": 1, "y": 2}), Came("/a", body=[2])
    assert match(slots_of({"/a": [[2], {"y": 2, "x": 1}]}), [one, two]) == [two, one]
    assert match(slots_of({"/a": [[2], [2]]}), [one, two]) == [two, None]


def test_a_number_is_the_same_with_and_without_a_point() -> None:
    came = Came("/a", body={"cents": [5.0, 0.5]})
    assert match(slots_of({"/a": [{"cents": [5, 0.5]}]}), [came]) == [came]
    for other in ({"cents": [5, 1]}, {"cents": ["5", 0.5]}):
        assert match(slots_of({"/a": [other]}), [came]) == [None]
    assert match(slots_of({"/a": [True]}), [Came("/a", body=1)]) == [None]


def test_earlier_calls_go_first_and_those_given_up_last() -> None:
    left, first, second = Came("/a", left=True), Came("/a"), Came("/a")
    assert [id(call) for call in match(slots_of({"/a": 3}), [left, first, second])] == [
        id(first),
        id(second),
        id(left),
    ]


def test_the_same_path_may_be_wanted_with_two_methods() -> None:
    get, post = Came("/a"), Came("/a", method="POST")
    assert match(slots_of({"POST /a": 1, "GET /a": 1}), [get, post]) == [post, get]


@pytest.mark.parametrize(
    "wanted",
    [
        {"/a/*": 1},
        {"a": 1},
        {"get /a": 1},
        {"/a": -1},
        {"/a": "text"},
        {"/a": {"x": 1}},
        {"/a": 1, "GET /a": 1},
        {"/a?x=1&y=2": 1, "/a?y=2&x=1": 1},
    ],
)
def test_wanted_calls_that_mean_nothing_are_refused(wanted: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=r"/a|'a'"):
        slots_of(wanted)


def test_a_message_says_what_is_missing_and_what_came_instead() -> None:
    slots = slots_of({"/rooms/17": 1, "/trains/1": 1})
    came = [Came("/trains/1"), Came("/rooms/0")]
    assert shortfall(slots, came) == "calls to /rooms/17 (instead: GET /rooms/0)"
    assert shortfall(slots, [came[0], Came("/rooms/17")]) == "calls to /rooms/17, /trains/1"


def test_a_message_shows_bodies_only_if_they_are_wanted() -> None:
    wrong = Came("/a", method="POST", body=[1])
    assert shortfall(slots_of({"/a": [[2]]}), [wrong]) == "calls to /a [2] (instead: POST /a [1])"
    assert call_name(wrong) == "POST /a"


def test_a_message_stays_short() -> None:
    assert listed(["/a", "/a", "/b", "/c", "/d", "/e"]) == "/a (2 ×), /b, /c and 2 more"
    assert len(shortfall(slots_of({"/a": 2}), [Came(f"/{n}" * 900) for n in range(99)])) < 400


async def test_calls_are_claimed_once_and_others_are_left_alone(attempt: AttemptContext) -> None:
    stray, first, second = Came("/b"), Came("/a"), Came("/a")
    calls = [stray, first, second]
    for call in (first, second):
        (found,) = await claim_arrivals(attempt, Signal(), slots_of({"/a": 1}), lambda: calls)
        assert found is call
    assert not stray.claimed
    with pytest.raises(GateMissed):
        await claim_arrivals(attempt, Signal(), slots_of({"/a": 1}), lambda: calls, within_s=0.02)
    claim = attempt.recorder.claims[-1]
    assert isinstance(claim, GateClaim)
    assert (claim.what, claim.seen, claim.wanted) == ("calls to /a (instead: GET /b)", 0, 1)


async def test_what_is_there_can_be_enough(attempt: AttemptContext) -> None:
    calls = [Came("/a")]
    found = await claim_arrivals(
        attempt, Signal(), slots_of({"/a": 1, "/b": 1}), lambda: calls, is_enough=lambda: True
    )
    assert found == calls
