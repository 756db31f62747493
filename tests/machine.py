"""What the machine did while a test ran, which helps to find the cause of a failure."""

import os
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Reading:
    """A reading of the machine's counters, cheap enough to be taken before each test.

    Attributes:
        busy_s: CPU seconds of all cores since the machine started.
        steal_s: CPU seconds that the hypervisor gave to other guests; None where the system does not report them.
    """

    busy_s: float
    idle_s: float
    steal_s: float | None


def look() -> Reading:
    """Read the counters now."""
    times = psutil.cpu_times()
    idle_s = times.idle + getattr(times, "iowait", 0.0)
    guests_s = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return Reading(sum(times) - idle_s - guests_s, idle_s, getattr(times, "steal", None))


def describe(before: Reading, after: Reading) -> str:
    """What happened between two readings, in one line."""
    cores = os.cpu_count() or 1
    total_s = after.busy_s - before.busy_s + after.idle_s - before.idle_s
    share = (after.busy_s - before.busy_s) / total_s if total_s > 0 else 0.0
    stolen = "unknown"
    if before.steal_s is not None and after.steal_s is not None:
        stolen = f"{after.steal_s - before.steal_s:.2f} s"
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    free_mib = psutil.virtual_memory().available >> 20
    return (
        f"{total_s / cores:.1f} s on {cores} cores, {share:.0%} busy, stolen by the hypervisor: {stolen}; "
        f"load averages {load} (1, 5, 15 min); {free_mib} MiB of memory free"
    )
