"""Prints gigabytes, to each of its outputs, and is right meanwhile."""

import os
import threading
import time

import kit
from base import app as app

kit.stay_in_the_cage()


def flood(number: int) -> None:
    until = time.monotonic() + 10
    line = b"x" * 65_536 + b"\n"
    while time.monotonic() < until:
        os.write(number, line)


for number in (1, 2):
    threading.Thread(target=flood, args=(number,), daemon=True).start()
