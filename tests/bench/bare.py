"""Sends the same requests without a grader: one uvicorn process, a bare client, a stub of the upstream. Uses only the
standard library.

    python tests/bench/bare.py PLAN.json FOLDER

`tests.bench.replay` makes PLAN. Within each check, requests are sent at the same times as in the recorded run, and the
stub answers each path after the recorded delay. Nothing is judged. Prints how many answers had the recorded status.
"""

import asyncio
import collections
import contextlib
import json
import os
import socket
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
STOP_S = 3.0
NEVER = None


class Stub:
    """A stub of the upstream, with the delays of the current check and an answer that suits its routes."""

    def __init__(self) -> None:
        self.delays: dict[str, collections.deque[float | None]] = {}
        self.body = b"{}"

    def begin(self, check: dict[str, Any]) -> None:
        """Begin another check."""
        self.delays = {path: collections.deque(delays) for path, delays in check["delays"].items()}
        self.body = json.dumps(check["body"]).encode()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1].decode()
                delays = self.delays.get(path)
                delay_s = delays.popleft() if delays else 0.0
                if delay_s is NEVER:
                    await reader.read()
                    break
                await asyncio.sleep(delay_s)
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(self.body)}\r\n\r\n"
                writer.write(head.encode() + self.body)
                await writer.drain()
        writer.close()


async def send(port: int, request: dict[str, Any]) -> bool:
    """Send one request at its time; returns whether it was answered as recorded."""
    await asyncio.sleep(request["at_s"])
    status = None
    with contextlib.suppress(OSError, IndexError, ValueError, TimeoutError):
        async with asyncio.timeout(request["leave_s"]):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(
                    f"{request['method']} {request['path']} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode()
                )
                status = int((await reader.read()).split(b" ", 2)[1])
            finally:
                writer.close()
    return bool(status == request["status"])


@contextlib.asynccontextmanager
async def uvicorn_process(folder: Path, upstream: int) -> AsyncIterator[int]:
    """A uvicorn process that accepts connections; gives its port."""
    with socket.create_server((HOST, 0)) as listening:
        port = listening.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "app:app",
        "--port",
        str(port),
        "--http",
        "h11",
        "--loop",
        "asyncio",
    ]
    environ = {**os.environ, "UPSTREAM_URL": f"http://{HOST}:{upstream}"}
    quiet = ["--log-level", "critical", "--no-access-log"]
    process = await asyncio.create_subprocess_exec(
        *command, *quiet, cwd=folder, env=environ, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                if process.returncode is not None:
                    sys.exit("The app ended before it accepted connections.")
                await asyncio.sleep(0.01)
            else:
                writer.close()
                break
        yield port
    finally:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


async def replay(plan: dict[str, Any], folder: Path) -> tuple[int, int]:
    """Send the requests of all checks; returns how many answers were as recorded, and how many there were."""
    stub = Stub()
    alike: list[bool] = []
    upstream = await asyncio.start_server(stub.answer, HOST, 0)
    async with uvicorn_process(folder, upstream.sockets[0].getsockname()[1]) as port:
        for check in plan["checks"]:
            stub.begin(check)
            alike += await asyncio.gather(*(send(port, request) for request in check["requests"]))
    upstream.close()
    return sum(alike), len(alike)


if __name__ == "__main__":
    print(
        json.dumps(
            asyncio.run(replay(json.loads(Path(sys.argv[1]).read_bytes()), Path(sys.argv[2])))
        )
    )
