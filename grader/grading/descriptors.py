"""The limit on files and connections that the grader may have open."""

import contextlib
import resource

DESCRIPTORS = 4096
"""Enough open files and connections for any grading."""


def allow_descriptors() -> None:
    """Raise this process's limit to `DESCRIPTORS`, or as far as the system allows, so that a solution that floods the
    grader with connections runs out first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < min(hard, DESCRIPTORS):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE,
                (DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS), hard),
            )
