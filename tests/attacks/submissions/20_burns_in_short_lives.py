"""Keeps all cores busy with processes that live for some milliseconds each, so that no sample finds them."""

import os
import time

import kit
from base import app as app

kit.stay_in_the_cage()
until = time.monotonic() + 20


def burn(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        pass


for _ in range(4):
    if os.fork() == 0:
        while time.monotonic() < until:
            if os.fork() == 0:
                if os.fork() == 0:
                    burn(0.03)
                os._exit(0)
            os.wait()
            time.sleep(0.01)
        os._exit(0)
