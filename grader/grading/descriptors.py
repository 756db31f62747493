"""The limit on the grader's open files and connections."""

import contextlib
import resource

DESCRIPTORS = 8192
"""Enough open files and connections for any grading: 8 servers, each with two flooded services of 400 connections
(`grader.services.connections`).
"""


def raise_descriptor_limit() -> None:
    """Raise this process's limit to `DESCRIPTORS`, or as far as the system allows.

    A solution that floods the grader with connections then runs out of descriptors first.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < min(hard, DESCRIPTORS):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE,
                (DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS), hard),
            )
