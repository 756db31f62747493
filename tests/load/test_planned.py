"""Visitors of a planned load."""

import socket

import anyio
import anyio.lowlevel

from grader.evidence.traffic import ExchangeError
from grader.load.connection import Request, Visit
from grader.load.planned import PlannedLoad, Visitor
from grader.load.shapes import Sending, at_once
from grader.measure.timing import Clock
from tests.waiting import until


def test_a_load_promises_what_the_kata_promises_unless_it_says_otherwise() -> None:
    load = PlannedLoad(at_once(1), [Request("GET", "/")])
    assert (load.within_s, load.cut_off_s) == (None, None)


async def test_a_visitor_leaves_when_it_was_planned_to() -> None:
    listening = socket.create_server(("127.0.0.1", 0))
    visit, request = Visit(Clock(), 1.0), Request("GET", "/")
    address = listening.getsockname()
    connection = socket.socket()
    with listening:
        assert await visit.connect(connection, address)
        message = request.message(address)
        Visitor(Sending(leave_after_s=0.01), request, message, visit, connection).send()
        assert not visit.is_over
        await until(lambda: visit.is_over)
        await anyio.lowlevel.checkpoint()
    assert visit.error is ExchangeError.LEFT
