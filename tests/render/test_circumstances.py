"""What surrounds a finding, in plain sentences."""

import pytest
from msgspec.structs import replace

from grader.evidence.machine import Machine, Process
from grader.evidence.server import Frame, WaitingTask
from grader.render.circumstances import busy_machine, stall, waiting
from grader.report import Circumstances, StallSite
from tests.judge.records import watch

FRAME = Frame(file="app.py", line=3, function="f", source="time.sleep(1)")


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (1, "The event loop was blocked once, for 0.50 s, at app.py:3 `time.sleep(1)`"),
        (2, "The event loop was blocked 2 times, for 0.50 s in all, at app.py:3 `time.sleep(1)`"),
    ],
)
def test_a_blocked_event_loop_is_told_with_its_line(count: int, sentence: str) -> None:
    assert stall(StallSite(frame=FRAME, count=count, total_s=0.5)) == sentence


def test_a_line_that_is_not_known_has_no_source() -> None:
    site = StallSite(frame=replace(FRAME, source=""), count=1, total_s=0.5)
    assert stall(site).endswith("at app.py:3")


@pytest.mark.parametrize(("count", "who"), [(1, "A task was"), (3, "3 tasks were")])
def test_waiting_tasks_are_counted(count: int, who: str) -> None:
    assert (
        waiting(WaitingTask(frame=FRAME, count=count))
        == f"{who} waiting at app.py:3 `time.sleep(1)`"
    )


def test_the_times_of_a_watch_are_told() -> None:
    around = Circumstances(watch=watch(1.2, waited_s=0.3, grader_waited_s=0.2, lag_s=0.15))
    assert busy_machine(around) == [
        "Of 1.20 s the server waited 0.30 s and the grader 0.20 s for a core; 0.70 s were the code's own.",
        "The grader itself was up to 0.15 s late.",
    ]


def test_nothing_is_told_where_the_system_does_not_tell() -> None:
    assert busy_machine(Circumstances(watch=watch(1.2, waited_s=None))) == []


def test_a_busy_machine_is_told_with_what_kept_it_busy() -> None:
    others = tuple(Process(name=f"p{n}", pid=n, cpu_s=1.0) for n in range(9))
    machine = Machine(
        elapsed_s=2.0, cores=2, busy_s=3.0, steal_s=0.5, throttled_s=0.25, others=others
    )
    (told,) = busy_machine(Circumstances(machine=machine))
    assert told.startswith(
        "In 2.00 s on 2 cores all processes used 3.00 s of CPU time, 0.50 s stolen by the hypervisor, "
        "0.25 s throttled by a CPU limit, 1.00 s by p0 (0)"
    )
    assert told.count(" by p") == 5
