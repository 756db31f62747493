"""Leaves its work to a child and ends with exit code 0 itself."""

import os
import threading

from base import app as app

if os.fork() != 0:
    threading.Timer(0.05, os._exit, (0,)).start()
