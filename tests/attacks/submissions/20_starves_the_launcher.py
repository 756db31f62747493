"""Gives the launcher the lowest of all priorities, and keeps all cores busy."""

import os
import time

import kit
from base import app as app

kit.stay_in_the_cage()
kit.worked(lambda: os.setpriority(os.PRIO_PROCESS, 1, 19))
kit.worked(lambda: os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0)))
kit.worked(lambda: os.sched_setaffinity(1, {0}))
for _ in range(30):
    if os.fork() == 0:
        kit.worked(lambda: os.sched_setaffinity(0, {0}))
        until = time.monotonic() + 10
        while time.monotonic() < until:
            pass
        os._exit(0)
