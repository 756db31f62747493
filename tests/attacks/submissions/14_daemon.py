"""Leaves a daemon behind, in a session of its own and deaf to signals, and is right once a server finds the one of an earlier server."""

import os
import signal
import time
from pathlib import Path

import kit

HOME = Path(os.environ.get("TMPDIR") or os.environ["HOME"])
MARK = HOME / "daemon.pid"


def is_alive() -> bool:
    try:
        stat = Path(f"/proc/{MARK.read_text()}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def leave_behind() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() != 0:
            os._exit(0)
        for number in range(1, 32):
            if number not in (signal.SIGKILL, signal.SIGSTOP):
                signal.signal(number, signal.SIG_IGN)
        MARK.write_text(str(os.getpid()))
        time.sleep(600)
        os._exit(0)


was_there = is_alive()
if not was_there:
    leave_behind()
app = kit.app_if(was_there)
