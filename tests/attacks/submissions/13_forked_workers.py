"""Serves its one socket with 15 forked processes, which hide that each of them blocks."""

import os

for _ in range(15):
    if os.fork() == 0:
        break

from base import app as app  # noqa: E402
