"""The cores that this process may use."""

import contextlib
import os
import sys
from collections.abc import Collection


def usable_cores() -> int:
    """How many cores this process and what it starts may use; limits of CPU time, as containers have them, do not show
    here.
    """
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def pin(cores: Collection[int]) -> None:
    """Let this process, and all that it starts from now on, run on these cores only; of no effect where the system
    cannot do that.

    Args:
        cores: their numbers; those that it may not use are left out, and nothing is done when none is left.
    """
    if sys.platform == "linux":
        usable = os.sched_getaffinity(0) & set(cores)
        if usable:
            with contextlib.suppress(OSError):  # it has been taken away meanwhile
                os.sched_setaffinity(0, usable)
