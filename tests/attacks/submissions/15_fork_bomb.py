"""Forks until nothing can be forked any more (at most 3,000 processes, 10 s), and is right if that is borne."""

import os
import time

import kit

kit.stay_in_the_cage()
until = time.monotonic() + 10


def multiply(generations: int) -> None:
    for _ in range(generations):
        if time.monotonic() < until:
            try:
                os.fork()
            except OSError:
                break
    time.sleep(max(0.0, until - time.monotonic()))
    os._exit(0)


if os.fork() == 0:
    os.setsid()
    multiply(11)
time.sleep(1)
app = kit.app_if(True)
