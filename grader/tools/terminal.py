"""Prepares the grader's process and terminal for an app in the foreground."""

import contextlib
import os
import signal
import sys
import termios
from collections.abc import Iterator

from grader.child.process import PR_SET_CHILD_SUBREAPER, set_process_option


@contextlib.contextmanager
def uninterrupted() -> Iterator[None]:
    """Start processes with SIGINT blocked, because Ctrl-C during an app's imports would print a traceback.

    Each process unblocks the signal itself.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def kept_terminal() -> Iterator[None]:
    """Restore the terminal's settings afterwards: a killed debugger leaves it without echo."""
    try:
        before = termios.tcgetattr(sys.stdin.fileno())
    except (termios.error, OSError, ValueError, AttributeError):  # stdin is not a terminal
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(termios.error, OSError):
            # Only a foreground process may change the settings; the attempt would suspend a background process.
            if (
                os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()
                and termios.tcgetattr(sys.stdin.fileno()) != before
            ):
                termios.tcsetattr(sys.stdin.fileno(), termios.TCSANOW, before)


@contextlib.contextmanager
def adopted_orphans() -> Iterator[None]:
    """Make this process the parent of processes that an app leaves behind. Linux only."""
    set_process_option(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        set_process_option(PR_SET_CHILD_SUBREAPER, 0)
