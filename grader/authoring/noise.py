"""Runs busy processes during gradings, to show that verdicts stay right on a busy machine."""

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
"""The program of a busy process. It polls for its parent every few milliseconds, and exits even if that is killed."""


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
