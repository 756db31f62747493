"""Allows only one watch per workspace: two would grade every save twice and slow each other down."""

import contextlib
import fcntl
import os
from collections.abc import Iterator

from grader.errors import ProgressFileError, UsageError
from grader.workspace.progress import MARKER, Workspace

LOCK = "watch.lock"


@contextlib.contextmanager
def hold_watch_lock(workspace: Workspace) -> Iterator[None]:
    """Hold the watch lock of this workspace. The system releases it when the process exits, even if it is killed.

    Raises:
        UsageError: another watch is running.
        ProgressFileError: the lock file cannot be opened or locked.
    """
    path = workspace.root / MARKER / LOCK
    with contextlib.ExitStack() as stack:
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            stack.callback(os.close, descriptor)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UsageError(
                f"`kata watch` is already running in {workspace.root}.",
                "Use that watch, or end it with q.",
            ) from error
        except OSError as error:
            raise ProgressFileError(
                f"{path} cannot be locked: {error.strerror}.",
                "Fix the permissions of the workspace.",
            ) from error
        yield
