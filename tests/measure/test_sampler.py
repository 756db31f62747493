"""Samples: what processes hold and use, with the children that they have and had."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from grader.measure.sampler import take_sample

BURN = "import time\ndef burn(s):\n    end = time.process_time() + s\n    while time.process_time() < end: pass\n"
TICKS_S = 0.05
"""The kernel counts in ticks of 0.01 s, for each process."""


@contextmanager
def parent(code: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A Python process that says when it is ready, and its pid."""
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


def test_the_servers_own_cpu_is_told_from_its_childrens() -> None:
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


def test_grandchildren_count() -> None:
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


def test_a_child_that_has_ended_leaves_its_cpu_seconds_and_nothing_else() -> None:
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


def test_a_process_that_is_gone_counts_for_nothing() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert take_sample([process.pid], 0.0).processes == 0
