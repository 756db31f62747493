"""What the grader does to its own process and terminal while an app runs beside it in the foreground."""

import contextlib
import os
import signal
import sys
import termios
from collections.abc import Iterator

from grader.child.process import PR_SET_CHILD_SUBREAPER, set_process_option


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Start processes with SIGINT blocked, until they unblock it: on Ctrl-C during its imports, an app would print a
    traceback.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def kept_terminal() -> Iterator[None]:
    """Restore the terminal's settings afterwards: a debugger that is killed leaves it without echo."""
    try:
        before = termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, OSError, ValueError, AttributeError):  # stdin is not a terminal
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(termios.error, OSError):
            # In the background, setting them is another process's business, and trying would stop this one.
            if (
                os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
                and termios.tcgetattr(sys.stdin.fileno()) != before
            ):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, before)


@contextlib.contextmanager
def adopted_orphans() -> Iterator[None]:
    """Make this process the parent of what an app leaves behind when it exits. Linux only."""
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        set_process_option(PR_SET_CHILD_SUBREAPER, 0)
