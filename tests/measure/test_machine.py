"""What kept the machine busy between two readings."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from grader.measure import machine
from grader.measure.machine import OTHERS, Reading, between, read_counters

NOBODY = 2**22 + 1
"""A pid that no process has: it is above Linux' largest."""


def reading(
    at_s: float = 0.0,
    busy_s: float = 0.0,
    steal_s: float | None = None,
    throttled_s: float | None = None,
    processes: dict[tuple[int, str], float] | None = None,
) -> Reading:
    return Reading(at_s, busy_s, steal_s, throttled_s, processes or {})


def test_what_was_used_is_the_difference_of_the_readings() -> None:
    before = reading(at_s=1.0, busy_s=10.0, steal_s=1.0, throttled_s=0.5)
    after = reading(at_s=3.0, busy_s=13.0, steal_s=1.5, throttled_s=0.75)
    seen = between(before, after, set())
    assert (seen.elapsed_s, seen.busy_s, seen.steal_s, seen.throttled_s) == (2.0, 3.0, 0.5, 0.25)
    assert seen.cores == os.cpu_count()


@pytest.mark.parametrize(("before_s", "after_s"), [(None, 1.0), (1.0, None), (None, None)])
def test_what_a_reading_lacks_is_unknown(before_s: float | None, after_s: float | None) -> None:
    seen = between(
        reading(steal_s=before_s, throttled_s=before_s),
        reading(steal_s=after_s, throttled_s=after_s),
        set(),
    )
    assert (seen.steal_s, seen.throttled_s) == (None, None)


def test_the_busiest_others_are_named_busiest_first() -> None:
    used = {(NOBODY + n, f"p{n}"): float(n) for n in range(1, OTHERS + 3)}
    seen = between(reading(), reading(at_s=1.0, processes=used), set())
    assert [other.name for other in seen.others] == ["p5", "p4", "p3"]
    assert [other.cpu_s for other in seen.others] == [5.0, 4.0, 3.0]


def test_only_what_a_process_used_since_the_first_reading_counts() -> None:
    before = reading(processes={(NOBODY, "old"): 100.0})
    after = reading(at_s=10.0, processes={(NOBODY, "old"): 100.25, (NOBODY + 1, "new"): 3.0})
    seen = between(before, after, set())
    assert [(other.name, other.cpu_s) for other in seen.others] == [("new", 3.0)]


@pytest.fixture
def child() -> Iterator[int]:
    """The pid of a child of this process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.kill()


def test_neither_the_grader_nor_what_it_started_is_named(child: int) -> None:
    used = {(os.getpid(), "grader"): 5.0, (child, "server"): 5.0, (NOBODY, "other"): 5.0}
    seen = between(reading(), reading(at_s=1.0, processes=used), {os.getpid()})
    assert [other.name for other in seen.others] == ["other"]


def test_a_reading_has_this_process_and_the_time_of_all() -> None:
    seen = read_counters()
    assert (os.getpid(), psutil.Process().name()) in seen.processes
    assert seen.busy_s > 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has control groups")
@pytest.mark.parametrize(
    ("statistics", "throttled_s"),
    [("usage_usec 7\nthrottled_usec 2500000\n", 2.5), ("usage_usec 7\n", None), (None, None)],
)
def test_throttling_is_read_from_the_grader_s_own_group(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    statistics: str | None,
    throttled_s: float | None,
) -> None:
    group = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2].lstrip("/")
    root = tmp_path / "1" / "2" / "3" / "4"  # a group outside of the namespace begins with `..`
    root.mkdir(parents=True)
    (root / group).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(machine, "CGROUP_ROOT", root)
    if statistics is not None:
        (root / group / "cpu.stat").write_text(statistics)
    assert read_counters().throttled_s == throttled_s
