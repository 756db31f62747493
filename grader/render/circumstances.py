"""Sentences about the circumstances of a finding, the same for every renderer."""

from grader.evidence.machine import Machine
from grader.evidence.server import WaitingTask
from grader.judge.rule import own_s
from grader.render.text import printable
from grader.render.wording import amount
from grader.report import Circumstances, StallSite

OTHERS_SHOWN = 5
"""How many other busy processes are named."""

SMALLEST_LAG_SHOWN_S = 0.05
"""Shorter lags of the grader's event loop are left out; they change no other figure."""


def stall(site: StallSite) -> str:
    """Where the event loop was blocked, how often and for how long; without a final period."""
    total = amount(site.total_s, "s")
    times = f"once, for {total}," if site.count == 1 else f"{site.count} times, for {total} in all,"
    source = f" `{printable(site.frame.source, 60)}`" if site.frame.source else ""
    place = f"{printable(site.frame.file, 60)}:{site.frame.line}{source}"
    return f"The event loop was blocked {times} at {place}"


def waiting(task: WaitingTask) -> str:
    """Where tasks of the solution were waiting; without a final period."""
    who = "A task was" if task.count == 1 else f"{task.count} tasks were"
    place = f"{printable(task.frame.file, 60)}:{task.frame.line}"
    return f"{who} waiting at {place} `{printable(task.frame.source, 60)}`"


def busy_machine(circumstances: Circumstances) -> list[str]:
    """What kept the machine busy during a measurement, as far as the system reports it."""
    lines = []
    watch, machine = circumstances.watch, circumstances.machine
    if watch is not None and watch.server is not None and watch.grader is not None:
        lines.append(
            f"Of {amount(watch.elapsed_s, 's')} the server waited {amount(watch.server.waited_s, 's')} and the grader "
            f"{amount(watch.grader.waited_s, 's')} for a core; "
            f"{amount(max(0.0, own_s(watch) or 0.0), 's')} were the code's own."
        )
    if watch is not None and watch.loop_lag_s > SMALLEST_LAG_SHOWN_S:
        lines.append(f"The grader itself was up to {amount(watch.loop_lag_s, 's')} late.")
    if machine is not None:
        lines.append(_load_of(machine))
    return lines


def _load_of(machine: Machine) -> str:
    parts = [
        f"In {amount(machine.elapsed_s, 's')} on {machine.cores} cores all processes used "
        f"{amount(machine.busy_s, 's')} of CPU time"
    ]
    if machine.steal_s:
        parts.append(f"{amount(machine.steal_s, 's')} stolen by the hypervisor")
    if machine.throttled_s:
        parts.append(f"{amount(machine.throttled_s, 's')} throttled by a CPU limit")
    parts += [
        f"{amount(other.cpu_s, 's')} by {printable(other.name, 40)} ({other.pid})"
        for other in machine.others[:OTHERS_SHOWN]
    ]
    return f"{', '.join(parts)}."
