"""What counts as a witness, and what of an elapsed time is the code's own."""

import pytest
from msgspec.structs import replace

from grader.evidence.machine import CpuTimes, Watch
from grader.findings import Crashed, Finding, GateNotOpened, Phase, TooSlow, WrongValue
from grader.judge.rule import halted_s, own_s
from grader.judge.witnesses import (
    Doubt,
    Miss,
    grader_was_busy,
    has_witness,
    is_own_doing,
    is_void,
    own_time_s,
    sender_lagged,
)
from tests.judge.records import watch

GATE = GateNotOpened(what="calls", seen=1, wanted=3, waited_s=3.0)
SLOW = TooSlow(what="GET /x", measured_s=1.2, limit_s=0.4, answered=1, total=2)
LATE = WrongValue(what="the body", expected="1", observed="2", is_late=True)


def test_waits_for_a_core_and_the_graders_work_are_not_the_codes_own() -> None:
    seen = Watch(
        started_s=1.0,
        ended_s=3.0,
        server=CpuTimes(cpu_s=0.3, waited_s=0.5),
        grader=CpuTimes(cpu_s=0.2, waited_s=0.1),
    )
    assert own_s(seen) == pytest.approx(2.0 - 0.5 - 0.1 - 0.2)


def test_time_in_which_the_whole_machine_was_halted_is_not_the_codes_own() -> None:
    halted = Watch(
        started_s=0.0,
        ended_s=2.0,
        server=CpuTimes(cpu_s=0.3, waited_s=0.0),
        grader=CpuTimes(cpu_s=0.1, waited_s=0.0),
        loop_lag_s=1.6,
    )
    assert halted_s(halted) == pytest.approx(1.6 - 0.1)
    assert own_s(halted) == pytest.approx(2.0 - 0.1 - 1.5)


def test_a_late_grader_that_waited_for_a_core_is_counted_once() -> None:
    crowded = Watch(
        started_s=0.0,
        ended_s=2.0,
        server=CpuTimes(cpu_s=0.3, waited_s=0.0),
        grader=CpuTimes(cpu_s=0.1, waited_s=0.8),
        loop_lag_s=0.7,
    )
    assert halted_s(crowded) == 0.0
    assert own_s(crowded) == pytest.approx(2.0 - 0.1 - 0.8)


def test_the_servers_computing_is_the_codes_own() -> None:
    busy = Watch(
        started_s=0.0,
        ended_s=2.0,
        server=CpuTimes(cpu_s=2.0, waited_s=0.0),
        grader=CpuTimes(cpu_s=0.0, waited_s=0.0),
    )
    assert is_own_doing(busy, 1.5)


def test_waits_for_cores_that_the_solution_itself_used_are_its_own() -> None:
    alone = replace(watch(1.0, waited_s=0.9), cores=2, others=CpuTimes(cpu_s=1.9, waited_s=5.0))
    beside_others = replace(alone, others=CpuTimes(cpu_s=0.6, waited_s=5.0))
    assert is_own_doing(alone, 0.9)
    assert not is_own_doing(beside_others, 0.2)


def test_own_time_must_be_above_the_limit() -> None:
    assert is_own_doing(watch(2.0, waited_s=0.4), 1.5)
    assert not is_own_doing(watch(2.0, waited_s=0.5), 1.5)


def test_nothing_is_known_where_the_system_does_not_tell() -> None:
    assert own_s(watch(2.0, waited_s=None)) is None
    assert not is_own_doing(watch(2.0, waited_s=None), 0.1)


def test_one_exchange_of_a_watched_stretch_has_no_own_time_below_0() -> None:
    assert own_time_s(0.5, watch(2.0, waited_s=0.25)) == pytest.approx(0.25)
    assert own_time_s(0.1, watch(2.0, waited_s=0.25)) == 0
    assert own_time_s(0.5, watch(2.0, waited_s=None)) is None


def test_a_sender_lags_from_a_third_of_the_limit() -> None:
    assert sender_lagged(watch(1.0, lag_s=0.2), 0.5)
    assert not sender_lagged(watch(1.0, lag_s=0.1), 0.5)


def test_a_grader_is_busy_when_it_worked_or_waited_most_of_the_time() -> None:
    assert grader_was_busy(watch(1.0, grader_waited_s=0.6))
    assert not grader_was_busy(watch(1.0, grader_waited_s=0.5))
    assert not grader_was_busy(watch(1.0, waited_s=None))


@pytest.mark.parametrize("finding", [GATE, SLOW])
def test_a_miss_by_the_clock_has_a_witness_when_its_time_was_the_codes_own(
    finding: Finding,
) -> None:
    assert has_witness(Miss(finding, Doubt(watch(3.0), 1.0)))
    assert not has_witness(Miss(finding, Doubt(watch(3.0, waited_s=2.5), 1.0)))


def test_a_lagging_sender_spoils_the_witness_of_a_burst_and_not_that_of_a_gate() -> None:
    doubt = Doubt(watch(3.0, lag_s=0.5), 1.0)
    assert not has_witness(Miss(SLOW, doubt))
    assert has_witness(Miss(GATE, doubt))


def test_without_a_limit_on_own_time_there_is_no_witness() -> None:
    assert not has_witness(Miss(SLOW, Doubt(watch(3.0), None)))
    assert not has_witness(Miss(GATE, Doubt(None, 1.0)))


def test_a_kill_is_its_own_witness() -> None:
    assert has_witness(Miss(Crashed(phase=Phase.LOAD, exit_code=-9), Doubt()))


def test_a_late_answer_is_void_where_the_system_tells_what_was_taken() -> None:
    assert is_void(Miss(LATE, Doubt(watch(1.0, waited_s=0.5))))
    assert not is_void(Miss(LATE, Doubt(watch(1.0, waited_s=None))))


def test_what_a_busy_grader_missed_is_void() -> None:
    assert is_void(Miss(GATE, Doubt(watch(3.0, grader_waited_s=2.0), 1.0)))
    assert not is_void(Miss(GATE, Doubt(watch(3.0, waited_s=2.0), 1.0)))


def test_what_the_grader_did_not_send_at_once_is_void() -> None:
    assert is_void(Miss(SLOW, Doubt(watch(3.0), None, is_spoiled=True)))
    assert not is_void(Miss(SLOW, Doubt(watch(3.0), None)))
    assert is_void(Miss(SLOW, Doubt(watch(3.0, lag_s=0.5), 1.0)))
    assert not is_void(Miss(SLOW, Doubt(watch(3.0), 1.0)))
    assert not is_void(Miss(GATE, Doubt(watch(3.0, lag_s=0.5), 1.0)))


def test_a_certain_miss_is_never_void() -> None:
    assert not is_void(Miss(LATE))
    assert Miss(LATE).is_certain


def test_a_slow_exchange_is_no_witness_when_the_machine_may_have_taken_its_time() -> None:
    """The machine took 0.55 s from a stream of 2 s, in which one exchange took 0.6 s."""
    slow = TooSlow(what="GET /x", measured_s=0.6, limit_s=0.5, answered=1, total=1)
    stream = watch(2.0, waited_s=0.55)
    assert is_own_doing(stream, 0.5)
    assert not has_witness(Miss(slow, Doubt(stream, 0.5)))
    assert has_witness(Miss(replace(slow, measured_s=1.2), Doubt(stream, 0.5)))
    assert has_witness(Miss(replace(slow, is_cut=True), Doubt(stream, 0.5)))
