"""Busy processes beside a grading, to see whether verdicts hold on a machine that has other work too."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from grader.errors import HarnessError

BUSY = """
import os, sys
parent = int(sys.argv[1])
while os.getppid() == parent:
    for _ in range(500_000):
        pass
"""
"""Looks every few milliseconds whether the parent is still there, so that it ends even when that is killed."""


@contextlib.contextmanager
def noise(processes: int) -> Iterator[None]:
    """Keep so many processes busy meanwhile.

    Raises:
        HarnessError: they cannot be started.
    """
    with contextlib.ExitStack() as stack:
        for _ in range(processes):
            try:
                busy = subprocess.Popen(
                    [sys.executable, "-E", "-S", "-c", BUSY, str(os.getpid())],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            except OSError as error:
                raise HarnessError(
                    f"No busy process can be started: {error.strerror}.", "Ask for less noise."
                ) from error
            stack.callback(_end, busy)
        yield


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
