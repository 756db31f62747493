"""Busy processes beside gradings, to show that verdicts stay right on a machine with other work."""

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
"""Checks every few milliseconds that its parent still runs, so that it exits even when the parent is killed."""


@contextlib.contextmanager
def noise(processes: int) -> Iterator[None]:
    """Keep this many processes busy during the block.

    Raises:
        HarnessError: a process cannot be started.
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
                    f"A busy process cannot be started: {error.strerror}.",
                    "Verify with less noise.",
                ) from error
            stack.callback(_end, busy)
        yield


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait()
