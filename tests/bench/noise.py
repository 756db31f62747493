"""Noise: processes that keep the cores busy while something is measured."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

BUSY = """
import os, sys, time
parent, pause_s = int(sys.argv[1]), float(sys.argv[2])
while os.getppid() == parent:
    if pause_s and time.time() % (2 * pause_s) >= pause_s:
        time.sleep(pause_s - time.time() % pause_s)
    for _ in range(20_000):
        pass
"""
"""Computes until its parent has exited, in bursts if requested; the bursts of all processes coincide."""

BURST_S = 0.5


@dataclass(frozen=True)
class Noise:
    """How busy the machine is.

    Attributes:
        processes: how many of them compute.
        pause_s: length of each burst, and of the pause after it; 0 for no pauses.
    """

    processes: int
    pause_s: float = 0.0

    @property
    def name(self) -> str:
        """For tables: "8", "8 in bursts"."""
        return f"{self.processes} in bursts" if self.pause_s else str(self.processes)


@contextlib.contextmanager
def busy_machine(noise: Noise) -> Iterator[None]:
    """Keep the machine busy during the block. The processes exit even if this one is killed."""
    command = [sys.executable, "-I", "-S", "-c", BUSY, str(os.getpid()), str(noise.pause_s)]
    processes: list[subprocess.Popen[bytes]] = []
    try:
        # In a session of their own, Ctrl-C does not reach them, and they are ended in order.
        processes.extend(
            subprocess.Popen(command, start_new_session=True) for _ in range(noise.processes)
        )
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
