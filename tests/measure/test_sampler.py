"""What processes hold and use, including their children, live and ended."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import pytest

from grader.evidence.machine import CpuTimes
from grader.measure.sampler import cpu_times, is_running, own_cpu_times, since, take_sample

BURN = "import time\ndef burn(s):\n    end = time.process_time() + s\n    while time.process_time() < end: pass\n"
TICKS_S = 0.05
"""Tolerance: for each process the kernel counts in ticks of 0.01 s."""


@contextmanager
def parent(code: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A Python process that has printed a line, and its pid."""
    process = subprocess.Popen(
        [sys.executable, "-c", BURN + code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield process, process.pid
    finally:
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
        process.kill()
        process.wait()
        process.stdout.close()
        assert process.stdin is not None
        process.stdin.close()


def test_the_server_s_own_cpu_time_is_separate_from_its_children_s() -> None:
    code = """
import multiprocessing, time
if __name__ == "__main__":
    tasks = lambda: (burn(0.3), print("ready", flush=True), time.sleep(60))
    child = multiprocessing.get_context("fork").Process(target=tasks)
    child.start()
    child.join()
"""
    with parent(code) as (_, pid):
        sample = take_sample([pid], 0.0)
    assert sample.processes == 2
    assert [used_s > 0.3 - TICKS_S for used_s in sample.children.values()] == [True]
    assert sample.own_cpu_s < sample.cpu_s - 0.3 + TICKS_S
    assert pid not in sample.children


def test_grandchildren_count_as_processes() -> None:
    code = """
import subprocess, sys
innermost = "print(1, flush=True); import time; time.sleep(60)"
inner = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {innermost!r}]).wait()"
subprocess.Popen([sys.executable, "-c", inner]).wait()
"""
    with parent(code) as (_, pid):
        sample = take_sample([pid], 0.0)
    assert sample.processes == 3
    assert len(sample.children) == 2


def test_of_an_ended_child_only_its_cpu_seconds_count() -> None:
    code = """
import os, time
child = os.fork()
if child == 0:
    burn(0.3)
    os._exit(0)
os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
print("ready", flush=True)
input()
os.waitpid(child, 0)
print("waited for", flush=True)
time.sleep(60)
"""
    with parent(code) as (process, pid):
        unwaited = take_sample([pid], 0.0)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n")
        process.stdin.flush()
        process.stdout.readline()
        waited = take_sample([pid], 0.0)
    for sample in (unwaited, waited):
        assert (sample.processes, sample.children) == (1, {})
        assert 0.3 - TICKS_S < sample.cpu_s - sample.own_cpu_s < 0.6, "counted, and not twice"
    assert unwaited.descriptors == waited.descriptors


def test_a_process_that_no_longer_exists_counts_for_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert take_sample([process.pid], 0.0).processes == 0


reports_cpu_times = pytest.mark.skipif(sys.platform != "linux", reason="read from schedstat")


@reports_cpu_times
def test_the_cpu_times_of_several_processes_are_added_up() -> None:
    with parent("burn(0.1)\nprint(1, flush=True)\ninput()") as (_, pid):
        one, both = cpu_times([pid]), cpu_times([pid, os.getpid()])
    assert one is not None
    assert both is not None
    assert 0.09 < one.cpu_s < both.cpu_s


def test_the_cpu_times_of_no_process_are_unknown() -> None:
    assert cpu_times([]) is None


@reports_cpu_times
def test_the_cpu_time_of_this_thread_grows_while_it_computes() -> None:
    before = own_cpu_times()
    end_s = time.thread_time() + 0.05
    while time.thread_time() < end_s:
        pass
    used = since(before, own_cpu_times())
    assert used is not None
    assert used.cpu_s >= 0.04


def test_what_was_used_between_readings_is_never_negative() -> None:
    early, late = CpuTimes(cpu_s=1.0, waited_s=0.5), CpuTimes(cpu_s=1.5, waited_s=0.25)
    assert since(early, late) == CpuTimes(cpu_s=0.5, waited_s=0.0)
    assert since(None, late) is None
    assert since(early, None) is None


def test_a_process_runs_until_it_has_ended_even_if_nobody_has_waited_for_it() -> None:
    assert is_running(os.getpid())
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_running(process.pid)
    process.wait()
    assert not is_running(process.pid)
