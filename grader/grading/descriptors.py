"""How many files and connections the grader may have open."""

import contextlib
import resource

DESCRIPTORS = 4096
"""So many open files and connections are enough for any grading."""


def allow_descriptors() -> None:
    """Let this process have as many descriptors as the system allows it: a solution that floods it with connections is
    to run out first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < min(hard, DESCRIPTORS):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE,
                (DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS), hard),
            )
