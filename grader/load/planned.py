"""A planned load: a schedule with its requests, and the visitors that carry it out."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from grader.load.connection import Message, Request, Visit
from grader.load.shapes import Schedule, Sending


@dataclass(frozen=True)
class PlannedLoad:
    """A schedule and the requests of its visitors.

    Attributes:
        schedule: when each visitor sends.
        requests: one for each sending.
        within_s: the README's promise for each answer; None for the kata's `default_s`. A visitor gives up once it has
            waited longer than 1.25 times this, in own time of the app since the planned time of its request.
        cut_off_s: the grader ends a visit that has certainly taken longer than this; None to wait for all.
    """

    schedule: Schedule
    requests: Sequence[Request]
    within_s: float | None = None
    cut_off_s: float | None = None


@dataclass(frozen=True)
class Visitor:
    """A visitor: its part of the schedule, its request and its connection."""

    sending: Sending
    request: Request
    message: Message
    visit: Visit
    connection: socket.socket

    def send(self) -> None:
        """Send the request, and schedule the visitor's leaving if it leaves early."""
        self.visit.send(*self.message, self.request.body_later)
        if self.sending.leave_after_s is not None:
            asyncio.get_running_loop().call_later(self.sending.leave_after_s, self.visit.leave)
