"""Serves its one socket with 15 forked processes, a visitor for each, which hide that every one of them blocks."""

import os
from asyncio.selector_events import BaseSelectorEventLoop
from typing import Any

for _ in range(15):
    if os.fork() == 0:
        break

from base import app as app  # noqa: E402

accept_all = BaseSelectorEventLoop._accept_connection
BUSY_S = 0.15


def accept_one(self: Any, make: Any, listening: Any, context: Any = None, server: Any = None, backlog: int = 1, *rest: Any) -> None:
    """Take one visitor and leave the next ones to the others for a while."""
    accept_all(self, make, listening, context, server, 1, *rest)
    self._remove_reader(listening.fileno())
    self.call_later(BUSY_S, self._add_reader, listening.fileno(), self._accept_connection, make, listening, context, server, 1, *rest)


BaseSelectorEventLoop._accept_connection = accept_one
