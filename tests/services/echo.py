"""A made-up service, to show what a new one takes: this module, and one line in the registry.

It sends each line back to whoever has sent it. `test_new_service.py` puts it into a copy of the grader.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from grader.evidence.traffic import EventEnd, ServiceEvent
from grader.facts import Fact, FactState
from grader.measure.attempt import AttemptContext
from grader.measure.gates import Signal, pass_gate
from grader.services.connections import Connections
from grader.services.fragment import AppPart, ChecksPart, Count, Fragment
from grader.services.service import CheckContext, Running, ServicePerCheck

LINE_BYTES = 1000


class Echo:
    """The fixture `echo`: sends lines back, at once or when a hold ends.

    Attributes:
        asked: how many lines have come.
        connections: those that the solution has opened.
    """

    def __init__(self, attempt: AttemptContext) -> None:
        self.asked = 0
        self.connections = Connections("echo", attempt)
        self._attempt = attempt
        self._changed = Signal()
        self._waiting = 0
        self._open = asyncio.Event()
        self._open.set()

    @contextlib.asynccontextmanager
    async def hold(self) -> AsyncIterator[None]:
        """Answer nobody until `release`, or the end of the block."""
        self._open.clear()
        try:
            yield
        finally:
            self.release()

    def release(self) -> None:
        """Answer all who wait."""
        self._open.set()

    async def arrivals(self, count: int) -> None:
        """Wait until so many lines wait for their answers.

        Raises:
            GateMissed: they did not come.
        """
        await pass_gate(
            self._attempt, "lines at the echo at once", count, lambda: self._waiting, self._changed
        )

    def take_stock(self) -> str:
        """How many lines have come since this was last called."""
        seen, self.asked = f"{self.asked} lines", 0
        return seen

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send each line of a connection back."""
        number = self.connections.add()
        try:
            while line := await reader.readline():
                await self._answer(line, number, writer)
        except (OSError, ValueError):  # the solution has left, or its line has no end
            pass
        finally:
            writer.close()
            self.connections.remove(number)

    async def _answer(self, line: bytes, connection: int, writer: asyncio.StreamWriter) -> None:
        clock, self.asked = self._attempt.clock, self.asked + 1
        number = self._attempt.recorder.new_id()
        self._attempt.recorder.add(
            ServiceEvent(
                id=number,
                service="echo",
                kind="line",
                connection=connection,
                what=f"SAY {line.decode(errors='replace').strip()}",
                began_s=clock.now(),
            )
        )
        self._waiting += 1
        self._changed.set()
        await self._open.wait()
        self._waiting -= 1
        writer.write(line)
        await writer.drain()
        now_s = clock.now()
        self._attempt.recorder.change_event(
            number, answered_s=now_s, ended_s=now_s, end=EventEnd.ANSWERED, outcome="said"
        )


class EchoService(ServicePerCheck):
    """The echo as a service of katas."""

    name = "echo"
    title = "Echo"

    @contextlib.asynccontextmanager
    async def run(self, context: CheckContext) -> AsyncIterator[Running]:
        """Serve it for one check."""
        with await context.listen() as listening:
            address = "{}:{}".format(*listening.getsockname())
            echo = Echo(context.attempt)
            server = await asyncio.start_server(echo.serve, sock=listening, limit=LINE_BYTES)
            try:
                yield Running(echo, address, {"ECHO_ADDRESS": address}, echo.take_stock)
            finally:
                server.close()

    def diagnose(self) -> Iterator[Fact]:
        """It needs nothing."""
        yield Fact("Echo", FactState.GOOD, "needs nothing but a socket")

    def fragment(self) -> Fragment:
        """The echo of an item's number."""
        return FRAGMENT


FRAGMENT = Fragment(
    who="the echo",
    what="its number said back",
    field="echo",
    example=7,
    source="what the echo at `ECHO_ADDRESS` sends back when it is sent the item's number, a line each.",
    app=AppPart(
        imports=("import asyncio", "import os"),
        constants='ECHO_ADDRESS = os.environ["ECHO_ADDRESS"]\n"""Where the echo is."""',
        question='''
async def echo_of(item: int) -> int:
    """What comes back."""
    reader, writer = await asyncio.open_connection(*ECHO_ADDRESS.split(":"))
    writer.write(f"{item}\\n".encode())
    said = int(await reader.readline())
    writer.close()
    return said
''',
    ),
    checks=ChecksPart(
        fixture="grader.checks.api.Echo",
        value="item",
        hold="echo.hold()",
        gate="await echo.arrivals(AT_ONCE)\necho.release()",
        count=Count(seen="echo.asked", words="lines that came to the echo"),
    ),
    topics=("streams",),
    stays="the echo's lines",
)

SERVICE = EchoService()
