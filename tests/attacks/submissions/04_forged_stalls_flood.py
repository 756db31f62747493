"""Names a large file in thousands of stalls: reading lines of it would keep the grader busy for hours."""

import os
import threading
import time

import kit
from base import app as app

LINE = f"waiting 1 1 f {os.getcwd()}/padding.txt"
kit.tell_stalls(*[LINE] * (50_000 // len(LINE)))


def go_on() -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        kit.worked(lambda: kit.tell_stalls(*[LINE] * 20))
        time.sleep(0.01)


threading.Thread(target=go_on, daemon=True).start()
