"""The cores that this process may use."""

import contextlib
import os
import sys
from collections.abc import Collection


def usable_cores() -> int:
    """How many cores this process and its children may use. Does not consider a container's CPU quota."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def pin(cores: Collection[int]) -> None:
    """Restrict this process, and all processes that it starts from now on, to these cores. Does nothing except on
    Linux.

    Args:
        cores: their numbers. Cores that the process may not use are ignored; if none is left, nothing changes.
    """
    if sys.platform == "linux":
        usable = os.sched_getaffinity(0) & set(cores)
        if usable:
            with contextlib.suppress(OSError):  # the core was taken away in the meantime
                os.sched_setaffinity(0, usable)
