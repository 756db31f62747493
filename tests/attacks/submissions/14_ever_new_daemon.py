"""Leaves a daemon behind that is a new process every millisecond, and is right once it finds it alive in a later server."""

import os
import signal
import time
from pathlib import Path

import kit

kit.stay_in_the_cage()
MARK = Path("/tmp/alive")


def run_away() -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        MARK.touch()
        if os.fork() != 0:
            os._exit(0)
        os.setsid()
        time.sleep(0.001)


before = MARK.stat().st_mtime if MARK.exists() else 0.0
time.sleep(0.2)
was_there = MARK.exists() and before > 0 and MARK.stat().st_mtime > before
if not was_there:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if os.fork() == 0:
        run_away()
        os._exit(0)
app = kit.app_if(was_there)
