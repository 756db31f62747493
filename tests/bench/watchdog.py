"""Measures what watching the event loop costs the solution's process, in CPU time.

    python -m tests.bench.watchdog [-n 5]

The process reports its own CPU time, which other work on this machine hardly changes.
"""

import argparse
import os
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from tests.bench.tables import table

ROOT = Path(__file__).resolve().parents[2]
IDLE_S = 5.0
REQUESTS = 2000

SERVER = """
import os, socket, sys, time
import uvicorn
from grader.child.stalls import Watchdog

watched = sys.argv[1] == "on"
listening = socket.create_server(("127.0.0.1", 0))
listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

async def app(scope, receive, send):
    body = str(time.process_time()).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})

class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets=sockets)
        if watched:
            Watchdog(os.open(os.devnull, os.O_WRONLY)).start()
        print(listening.getsockname()[1], flush=True)

config = uvicorn.Config(
    app, http="h11", loop="asyncio", lifespan="off", log_level="critical", access_log=False, timeout_keep_alive=60
)
Server(config).run(sockets=[listening])
"""


def cpu_s(connection: HTTPConnection) -> float:
    """CPU seconds of the server's process so far, in all threads."""
    connection.request("GET", "/")
    return float(connection.getresponse().read())


def measure(watched: bool) -> dict[str, float]:
    """CPU seconds of a new server: per idle second, and per request."""
    command = [sys.executable, "-c", SERVER, "on" if watched else "off"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    ) as process:
        try:
            assert process.stdout is not None
            connection = HTTPConnection("127.0.0.1", int(process.stdout.readline()))
            for _ in range(100):
                before_s = cpu_s(connection)
            time.sleep(IDLE_S)
            after_s = cpu_s(connection)
            for _ in range(REQUESTS):
                busy_s = cpu_s(connection)
            return {"idle": (after_s - before_s) / IDLE_S, "request": (busy_s - after_s) / REQUESTS}
        finally:
            process.kill()


def fewest(rounds: int) -> dict[str, Any]:
    """With and without the watchdog in turn; the least of all rounds, since other work only adds."""
    figures: dict[bool, list[dict[str, float]]] = {False: [], True: []}
    for _ in range(rounds):
        for watched, some in figures.items():
            some.append(measure(watched))
    return {
        name: {watched: min(one[name] for one in some) for watched, some in figures.items()}
        for name in ("idle", "request")
    }


def print_watchdog(rounds: int) -> None:
    """Measure and print a table."""
    found = fewest(rounds)
    idle, request = found["idle"], found["request"]
    rows = [
        (
            "idle, share of one core",
            f"{idle[False]:.2%}",
            f"{idle[True]:.2%}",
            f"{idle[True] - idle[False]:+.2%}",
        ),
        (
            "one request, CPU time",
            f"{request[False] * 1e6:.0f} µs",
            f"{request[True] * 1e6:.0f} µs",
            f"{request[True] / request[False] - 1:+.1%}",
        ),
    ]
    print(table(("minimum of the rounds", "without", "with watchdog", "difference"), rows))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.watchdog", description="What the watchdog costs."
    )
    parser.add_argument("-n", type=int, default=5, help="rounds (default 5)")
    print_watchdog(parser.parse_args().n)
