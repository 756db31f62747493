"""Keeps all cores busy with processes of its own, so that nobody could tell who is slow."""

import ctypes
import os
import time

import kit
from base import app as app

kit.stay_in_the_cage()
PR_SET_NAME = 15
for _ in range(6):
    if os.fork() == 0:
        ctypes.CDLL(None).prctl(PR_SET_NAME, b"\x1b[2J[red]</s>", 0, 0, 0)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            pass
        os._exit(0)
