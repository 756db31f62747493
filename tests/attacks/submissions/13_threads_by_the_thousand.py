"""Starts 2,000 threads."""

import threading

import kit
from base import app as app

kit.stay_in_the_cage()
rest = threading.Event()
threading.stack_size(64 * 1024)
for _ in range(2000):
    try:
        threading.Thread(target=rest.wait, args=(10,), daemon=True).start()
    except RuntimeError:
        break
