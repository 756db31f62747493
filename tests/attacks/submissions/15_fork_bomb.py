"""Forks until nothing can be forked any more (at most 3,000 processes, 10 s), and is right if 300 of them are borne."""

import os
import time

import kit

kit.stay_in_the_cage()
began = time.monotonic()


def multiply(generations: int) -> None:
    for _ in range(generations):
        try:
            os.fork()
        except OSError:
            break
    time.sleep(max(0.0, began + 10 - time.monotonic()))
    os._exit(0)


def count() -> int:
    return sum(name.isdigit() for name in os.listdir("/proc"))


if os.fork() == 0:
    os.setsid()
    multiply(11)
while count() < 300 and time.monotonic() < began + 4:
    time.sleep(0.05)
time.sleep(0.5)
app = kit.app_if(count() >= 300)
