"""The first thing that is wrong in one attempt, and what surrounds it."""

import pytest
from msgspec import structs

from grader.evidence.machine import Machine
from grader.evidence.run import Attempt
from grader.evidence.server import Crash, Excess, Frame, ServerLife, Stall, WaitingTask
from grader.evidence.traffic import ExchangeError
from grader.findings import (
    Crashed,
    Hung,
    HungAtStart,
    LimitExceeded,
    Mishap,
    NothingAsserted,
    Phase,
    TooSlow,
    WrongCount,
)
from grader.judge.attempts import circumstances_of, examine_attempt, stall_sites
from grader.judge.witnesses import Miss
from tests.judge.records import READY, answered, attempt, counted, exchange, timed, watch

FRAME = Frame(file="app.py", line=3, function="f", source="x")
CRASH = Crash(phase="load", type="E", message="m", frames=(FRAME,))
ENDED = ServerLife(workers=1, started_s=0, ready_s=0.1, exited_s=0.5, exit_code=1)


def miss_of(examined: Attempt) -> Miss:
    miss = examine_attempt(examined)
    assert miss is not None
    return miss


def test_an_attempt_whose_claims_are_right_passes() -> None:
    assert examine_attempt(timed(0.1)) is None


def test_a_mishap_comes_before_everything_else() -> None:
    broken = attempt(mishap="no disk", life=ENDED, claims=counted(5).claims)
    assert miss_of(broken).finding == Mishap(text="no disk")


def test_a_crash_is_told_before_any_claim() -> None:
    life = structs.replace(ENDED, crash=CRASH, log="one\ntwo\n")
    miss = miss_of(attempt(life=life, exchanges=(exchange(status=500),)))
    assert miss.is_certain
    assert miss.finding == Crashed(
        phase=Phase.LOAD, exit_code=1, error="E: m", frames=(FRAME,), output=("one", "two")
    )


def test_a_crash_before_the_server_was_ready_is_one_at_start() -> None:
    finding = miss_of(attempt(life=structs.replace(ENDED, ready_s=None))).finding
    assert isinstance(finding, Crashed)
    assert finding.phase is Phase.START


def test_a_finding_carries_the_last_twelve_lines_of_output() -> None:
    log = "\n".join(str(number) for number in range(20))
    finding = miss_of(attempt(life=structs.replace(ENDED, log=log))).finding
    assert isinstance(finding, Crashed)
    assert finding.output == tuple(str(number) for number in range(8, 20))


def test_a_sigkill_that_was_not_the_graders_is_doubtful() -> None:
    killed = miss_of(attempt(life=structs.replace(ENDED, exit_code=-9)))
    assert isinstance(killed.finding, Crashed)
    assert not killed.is_certain


def test_a_server_that_was_asked_to_stop_did_not_crash() -> None:
    stopped = structs.replace(ENDED, stop_asked_s=0.2, exit_code=-15)
    right = attempt(life=stopped, exchanges=(exchange(),), claims=counted(1).claims)
    assert examine_attempt(right) is None


def test_a_server_that_left_before_its_clean_up_could_be_seen_crashed() -> None:
    left = structs.replace(READY, stop_asked_s=0.2, exited_s=0.3, left_early=True)
    assert isinstance(miss_of(attempt(life=left)).finding, Crashed)


def stopping(**life: object) -> Attempt:
    """An attempt with a wrong count, in which the server was asked to stop."""
    changed = structs.replace(READY, stop_asked_s=0.2, **life)
    return structs.replace(counted(5), life=changed)


def test_a_server_that_lingered_until_the_grader_had_looked_did_not_crash() -> None:
    right = structs.replace(counted(1), life=stopping(shutdown_s=0.3).life)
    assert examine_attempt(right) is None


def test_what_a_server_left_open_is_unknown_if_it_was_killed_as_it_had_just_shut_down() -> None:
    late = stopping(shutdown_s=3.2, killed=True, stop_watch=watch(3.0)).life
    miss = miss_of(structs.replace(counted(1), life=late))
    assert miss.finding == Hung(deadline_s=3.0)
    assert not miss.is_certain


def test_a_crash_before_the_stop_is_a_crash() -> None:
    assert isinstance(miss_of(stopping(exited_s=0.1, exit_code=1)).finding, Crashed)


def test_a_server_that_was_killed_while_it_stopped_did_not_crash() -> None:
    killed = stopping(exited_s=3.2, exit_code=-9, killed=True, stop_watch=watch(3.0))
    assert isinstance(miss_of(killed).finding, WrongCount)


@pytest.mark.parametrize(
    ("stop", "is_certain"),
    [
        ({}, True),
        ({"shutdown_s": 0.3, "stop_watch": watch(0.1)}, True),
        ({"killed": True}, True),  # an older run, which does not say how busy the machine was
        ({"killed": True, "stop_watch": watch(3.0)}, True),
        ({"killed": True, "stop_watch": watch(3.0, waited_s=2.0)}, False),
        ({"killed": True, "stop_watch": watch(3.0, waited_s=None)}, False),
    ],
    ids=["no stop seen", "in order", "older", "own time", "busy machine", "no CPU times"],
)
def test_what_a_kill_at_the_end_of_the_grace_period_causes_is_certain_only_with_own_time(
    stop: dict[str, object], is_certain: bool
) -> None:
    assert miss_of(stopping(**stop)).is_certain is is_certain


def test_an_exceeded_limit_is_certain_even_if_the_server_was_killed_while_it_stopped() -> None:
    excess = Excess(what="memory_bytes", limit=1e9, seen=2e9)
    miss = miss_of(stopping(exceeded=excess, killed=True, stop_watch=watch(3.0, waited_s=2.0)))
    assert miss == Miss(LimitExceeded(excess=excess))


def test_an_exceeded_limit_is_certain_and_told_before_the_end_that_it_caused() -> None:
    excess = Excess(what="memory_bytes", limit=1e9, seen=2e9)
    miss = miss_of(attempt(life=structs.replace(ENDED, exit_code=-9, exceeded=excess)))
    assert miss == Miss(LimitExceeded(excess=excess))


def test_a_start_that_hangs_is_doubtful() -> None:
    life = ServerLife(workers=1, started_s=0, start_watch=watch(5.0))
    miss = miss_of(attempt(life=life))
    assert miss.finding == HungAtStart(waited_s=5.0)
    assert miss.doubt is not None
    assert miss.doubt.own_limit_s == 2.5


def test_a_check_that_hangs_is_doubtful() -> None:
    miss = miss_of(attempt(hung_in_s=10.0, watch=watch(10.0)))
    assert miss.finding == Hung(deadline_s=10.0)
    assert miss.doubt is not None
    assert miss.doubt.own_limit_s == 5.0


def test_the_first_claim_that_is_missed_is_told() -> None:
    claims = (*timed(1.2).claims, *counted(5).claims)
    both = structs.replace(timed(1.2), claims=claims)
    assert isinstance(miss_of(both).finding, TooSlow)


def test_a_check_without_claims_asserts_nothing() -> None:
    assert miss_of(attempt()).finding == NothingAsserted()


def test_a_check_that_saw_nothing_asserts_nothing_even_if_its_claims_are_right() -> None:
    assert miss_of(attempt(claims=counted(1).claims)).finding == NothingAsserted()


def test_a_burst_that_was_cut_off_and_has_no_limit_asserts_nothing() -> None:
    cut = exchange(2, status=None, error=ExchangeError.CUT_OFF)
    assert miss_of(answered(exchange(1), cut)).finding == NothingAsserted()


def test_stalls_at_the_same_line_are_added_up_the_longest_first() -> None:
    frames = [structs.replace(FRAME, line=line) for line in (9, 3, 3)]
    stalls = [Stall(at_s=0.0, duration_s=0.2, frame=frame) for frame in frames]
    sites = stall_sites(stalls)
    assert [(site.frame.line, site.count, site.total_s) for site in sites] == [
        (3, 2, 0.4),
        (9, 1, 0.2),
    ]


def test_three_stall_sites_are_told() -> None:
    frames = [structs.replace(FRAME, line=line) for line in range(5)]
    assert len(stall_sites([Stall(at_s=0, duration_s=1, frame=frame) for frame in frames])) == 3


def test_what_surrounds_a_finding_is_the_same_for_all() -> None:
    slow = structs.replace(
        timed(1.2),
        stalls=(Stall(at_s=0.0, duration_s=0.2, frame=FRAME),),
        waiting=(WaitingTask(frame=FRAME, count=1),),
    )
    machine = Machine(elapsed_s=1.0, cores=2, busy_s=1.0)
    around = circumstances_of(slow, miss_of(slow), machine)
    assert [site.frame for site in around.stalls] == [FRAME]
    assert around.waiting == slow.waiting
    assert around.watch == watch(1.2)
    assert around.machine == machine
