"""Limits of a solution's processes: which is exceeded first, and what the system enforces."""

import os
import subprocess
import sys

import pytest

from grader.checks.runner import SIDE_BY_SIDE
from grader.child.limits import MIB, SERVERS, Resources, find_excess

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are measured in /proc")


def test_what_stays_within_its_limits_exceeds_none() -> None:
    assert find_excess((os.getpid(),), Resources(memory_bytes=2**50, cpu_s=1e9)) is None


@pytest.mark.parametrize(
    ("resources", "what"),
    [
        (Resources(processes=0), "processes"),
        (Resources(threads=0), "threads"),
        (Resources(cpu_s=0.0), "cpu_s"),
        (Resources(memory_bytes=1, cpu_s=1e9), "memory_bytes"),
    ],
)
def test_the_excess_says_which_limit_and_what_was_seen(resources: Resources, what: str) -> None:
    excess = find_excess((os.getpid(),), resources)
    assert excess is not None
    assert (excess.what, excess.limit) == (what, getattr(resources, what))
    assert excess.seen > excess.limit


def test_processes_that_have_exited_count_for_cpu_time() -> None:
    excess = find_excess((), Resources(cpu_s=2.0), ended_cpu_s=3.0)
    assert excess is not None
    assert (excess.what, excess.seen) == ("cpu_s", 3.0)


def test_as_many_servers_as_run_side_by_side_may_use_their_limits() -> None:
    assert SERVERS >= SIDE_BY_SIDE


def test_a_process_that_is_gone_uses_nothing() -> None:
    above_the_largest_pid = 2**22 + 1
    assert find_excess((above_the_largest_pid,), Resources(processes=0)) is None


def test_the_system_enforces_limits_and_a_stricter_one_stays() -> None:
    code = f"""
import resource
from grader.child.limits import Resources, restrict
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
restrict(Resources(memory_bytes={MIB}, descriptors=77, file_bytes=5000, cpu_s=9.0), alone=False)
for which in ("NOFILE", "FSIZE", "CPU", "CORE", "AS"):
    print(which, resource.getrlimit(getattr(resource, f"RLIMIT_{{which}}")))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "NOFILE (77, 77)",
        "FSIZE (1000, 1000)",
        "CPU (10, 10)",
        "CORE (0, 0)",
        f"AS ({4100 * MIB}, {4100 * MIB})",
    ]
