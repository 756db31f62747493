"""Every error that the grader raises on purpose, with its exit code.

::

    GraderError
    ├── UsageError            2   the arguments or files given to the command are unusable
    │   ├── NoWorkspace
    │   ├── UnknownKata
    │   ├── PortInUse
    │   └── SolutionError
    └── BrokenError           4   the grader, a kata or this machine failed
        ├── KataPackageError
        ├── ProgressFileError
        ├── ServiceUnavailable
        ├── HarnessError
        ├── SandboxUnavailable
        ├── ProfilerRefused
        ├── EvidenceFileError
        └── PageFileError

A mistake in a learner's code is never one of these errors: it is a finding in the report.
"""

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every `kata` command."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    INCONCLUSIVE = 3
    BROKEN = 4
    INTERRUPTED = 130


class GraderError(Exception):
    """Base of all expected errors: one sentence says what happened, another what to do.

    Args:
        message: what happened and where, one sentence.
        hint: what to do now, one sentence; empty if the message already says it.
    """

    exit_code = ExitCode.BROKEN

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Both sentences."""
        return f"{self.message} {self.hint}".strip()


class UsageError(GraderError):
    """The arguments or files given to the command are unusable."""

    exit_code = ExitCode.USAGE


class NoWorkspace(UsageError):
    """A command that needs a workspace was run outside of one."""


class UnknownKata(UsageError):
    """No kata has this name."""


class PortInUse(UsageError):
    """The requested port is not available."""


class SolutionError(UsageError):
    """The file or folder to grade is missing, unreadable or not a solution."""


class BrokenError(GraderError):
    """The grader, a kata or this machine failed; never the learner's fault."""


class KataPackageError(BrokenError):
    """A kata's folder is wrong: manifest, checks or examples."""


class ProgressFileError(BrokenError):
    """The progress file cannot be read or written."""


class ServiceUnavailable(BrokenError):
    """Postgres or another service of the grader cannot run on this machine."""


class HarnessError(BrokenError):
    """The harness cannot work: no launcher, no descriptors, no disk space."""


class SandboxUnavailable(BrokenError):
    """A sandbox was required, but this machine has none."""


class ProfilerRefused(BrokenError):
    """The profiler is missing, or this machine does not let it attach to other processes."""


class EvidenceFileError(BrokenError):
    """A saved run cannot be read."""


class PageFileError(BrokenError):
    """A report's page cannot be written."""
