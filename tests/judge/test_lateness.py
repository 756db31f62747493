"""Whether a late answer is the code's own doing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from grader.evidence.claims import CountClaim, Relation, StatusClaim, ValueClaim
from grader.evidence.machine import Watch
from grader.evidence.run import Attempt, Subject
from grader.judge.attempts import examine_attempt, exchanges_by_id
from grader.judge.lateness import is_late_by_itself
from grader.judge.rule import LATE_MARGIN_S, LATE_MARGIN_SHARE, QUIET_SHARE
from grader.judge.witnesses import Miss, has_witness
from tests.judge.records import attempt, exchange, watch

OWN_DEADLINE_S = 0.4

SECONDS = st.floats(min_value=0.0, max_value=3.0)


def visited(
    took_s: float,
    *,
    taken_s: float | None = 0.0,
    status: int = 504,
    subject: Subject = Subject.SOLUTION,
    seen: Watch | None = None,
    own_deadline_s: float | None = OWN_DEADLINE_S,
) -> Attempt:
    """An attempt with one visitor, in a kata whose solutions answer 504 when their own deadline has passed.

    Args:
        took_s: how long the visitor waited for the answer.
        taken_s: what the machine took from the solution meanwhile. It took 1 s more from the rest of the check.
        status: of the answer.
        subject: the code that answered.
        seen: the watch of the answer; by default it covers the visit.
        own_deadline_s: named in the kata.
    """
    waited_s = taken_s if taken_s is None else taken_s + 1.0
    claim = StatusClaim(
        exchanges=(1,),
        allowed=(200,),
        watch=seen or watch(took_s, waited_s=taken_s),
        late=(504,),
        not_before_s=0.3,
    )
    return attempt(
        subject,
        exchanges=(exchange(status=status, took_s=took_s),),
        claims=(claim,),
        own_deadline_s=own_deadline_s,
        watch=watch(took_s + 2.0, waited_s=waited_s),
    )


def valued(took_s: float, *, taken_s: float = 0.5, late: bool = True) -> Attempt:
    """An attempt in which the body was wrong: the one that a right solution gives when its own deadline has passed."""
    status = StatusClaim(exchanges=(1,), allowed=(200,), watch=watch(took_s, waited_s=taken_s))
    body = ValueClaim(
        what="the body", wanted="1", seen="null", exchange=1, late="null" if late else None
    )
    return attempt(
        exchanges=(exchange(took_s=took_s),),
        claims=(status, body),
        own_deadline_s=OWN_DEADLINE_S,
        watch=watch(took_s + 2.0, waited_s=taken_s),
    )


def miss_of(examined: Attempt) -> Miss:
    miss = examine_attempt(examined)
    assert miss is not None
    return miss


def is_own_doing(late: Attempt, *references: Attempt) -> bool:
    """Whether a late answer is the solution's own doing, beside these references that passed."""
    held = [(reference, exchanges_by_id(reference)) for reference in references]
    return is_late_by_itself(miss_of(late), late, exchanges_by_id(late), held)


def held(took_s: float) -> Attempt:
    """An attempt at the reference that passed."""
    return visited(took_s, status=200, subject=Subject.REFERENCE)


def test_a_late_answer_is_doubtful_and_on_a_quiet_machine_it_is_a_witness() -> None:
    quiet_s = OWN_DEADLINE_S * QUIET_SHARE
    assert not miss_of(visited(0.5, taken_s=quiet_s / 2)).is_certain
    assert has_witness(miss_of(visited(0.5, taken_s=quiet_s / 2)))
    assert not has_witness(miss_of(visited(0.5, taken_s=quiet_s * 1.1)))


def test_a_late_answer_is_certain_where_the_kata_names_no_deadline() -> None:
    assert miss_of(visited(0.5, taken_s=1.0, own_deadline_s=None)).is_certain


def test_a_late_answer_that_came_too_early_is_certain_on_any_machine() -> None:
    assert miss_of(visited(0.2, taken_s=1.0)).is_certain


def test_a_late_value_that_came_before_any_deadline_could_pass_is_certain() -> None:
    assert miss_of(valued(OWN_DEADLINE_S / 2)).is_certain
    assert not miss_of(valued(OWN_DEADLINE_S)).is_certain
    assert miss_of(valued(OWN_DEADLINE_S, late=False)).is_certain


def test_a_late_count_is_judged_by_the_whole_attempt() -> None:
    claim = CountClaim(what="calls", measured=1, relation=Relation.EQUALS, limit=2, late=True)

    def counted(taken_s: float) -> Attempt:
        return attempt(
            exchanges=(exchange(),),
            claims=(claim,),
            own_deadline_s=OWN_DEADLINE_S,
            watch=watch(1.0, waited_s=taken_s),
        )

    assert has_witness(miss_of(counted(0.0)))
    assert not has_witness(miss_of(counted(0.2)))
    assert not is_own_doing(counted(0.2), held(0.1))


def test_an_answer_is_judged_by_the_whole_attempt_if_its_watch_began_after_it() -> None:
    seen = Watch(started_s=0.3, ended_s=0.5)
    miss = miss_of(visited(0.5, seen=seen))
    assert miss.doubt is not None
    assert miss.doubt.watch is not None
    assert miss.doubt.watch.elapsed_s == 2.5


def test_an_answer_is_judged_by_the_whole_attempt_while_nobody_has_looked_at_another_one() -> None:
    """The other visitor may have been late first, and this one may have got the silence that was meant for him."""
    late = visited(0.5)
    beside = structs.replace(late, exchanges=(*late.exchanges, exchange(2, status=504)))
    right = StatusClaim(exchanges=(2,), allowed=(504,), watch=watch(0.1))
    looked_at = structs.replace(beside, claims=(right, *late.claims))
    watches = [
        doubt.watch.elapsed_s
        for doubt in (miss_of(one).doubt for one in (late, beside, looked_at))
        if doubt is not None and doubt.watch is not None
    ]
    assert watches == [0.5, 2.5, 0.5]


def test_a_solution_with_more_own_time_than_the_reference_needs_is_late_by_itself() -> None:
    late = visited(0.5, taken_s=0.2)
    assert is_own_doing(late, held(0.15))
    assert not is_own_doing(late, held(0.28))
    assert not is_own_doing(late)


def test_the_reference_that_needed_least_counts() -> None:
    late = visited(0.5, taken_s=0.2)
    assert is_own_doing(late, held(0.4), held(0.15), held(0.3))


def test_nothing_is_known_where_the_system_does_not_tell_what_was_taken() -> None:
    assert not is_own_doing(visited(0.5, taken_s=None), held(0.1))


def test_a_reference_that_made_another_claim_says_nothing() -> None:
    other = attempt(Subject.REFERENCE, exchanges=(exchange(took_s=0.1),), claims=())
    assert not is_own_doing(visited(0.5), other)
    assert not is_own_doing(valued(0.5, taken_s=0.0), held(0.1))


@given(
    needed_s=SECONDS,
    more_s=st.floats(min_value=0.0, max_value=LATE_MARGIN_S),
    deadline_s=SECONDS,
    taken_s=SECONDS,
    slower_s=st.lists(SECONDS, min_size=1, max_size=5),
)
def test_a_right_solution_is_never_late_by_itself(
    needed_s: float, more_s: float, deadline_s: float, taken_s: float, slower_s: list[float]
) -> None:
    """It needs a little more than the reference, and is late only if the machine leaves it less time than it needs."""
    own_s = min(deadline_s, needed_s + more_s)
    late = visited(max(0.3, own_s + taken_s), taken_s=max(taken_s, 0.3 - own_s))
    assert not is_own_doing(late, *(held(needed_s + seconds) for seconds in slower_s))


@pytest.mark.parametrize("more_s", [LATE_MARGIN_S / 2, LATE_MARGIN_S * 2])
def test_the_margin_grows_with_the_time_by_which_the_answer_came_later(more_s: float) -> None:
    needed_s, later_s = 0.2, 0.9
    own_s = needed_s + later_s * LATE_MARGIN_SHARE + more_s - LATE_MARGIN_S
    took_s = needed_s + later_s
    late = visited(took_s, taken_s=took_s - own_s)
    assert is_own_doing(late, held(needed_s)) is (more_s > LATE_MARGIN_S)
