"""Prints gigabytes, to each of its outputs, and is right meanwhile."""

import os
import threading
import time

import kit
from base import app as app

kit.stay_in_the_cage()

LINE = b"x" * 65_536 + b"\n"


def flood(number: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        os.write(number, LINE)


for _ in range(300):  # more than is granted, however few moments the checks leave for the rest
    os.write(1, LINE)
for number in (1, 2):
    threading.Thread(target=flood, args=(number,), daemon=True).start()
