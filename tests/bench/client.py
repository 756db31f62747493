"""Compares how fast the grader's load client, aiohttp and httpx send a burst.

python -m tests.bench.client [-n 10]
"""

import argparse
import asyncio
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio

from grader.load.client import Visitors
from grader.measure.attempt import begin_attempt
from grader.measure.timing import Clock
from tests.bench.bare import HOST, uvicorn_process
from tests.bench.tables import ms, table

HANDLER = """
import asyncio
from fastapi import FastAPI

app = FastAPI()

@app.get("/{n}")
async def wait(n: int) -> int:
    await asyncio.sleep(0.05)
    return n
"""
SIZES = (50, 200, 500)
OURS = "load client"

Burst = Callable[[int, int], Awaitable[float]]
"""Takes a port and how many requests; gives seconds."""


async def ours(port: int, count: int) -> float:
    """A burst as checks send it, with its recording."""
    async with anyio.create_task_group() as tasks:
        crowd = await Visitors([(HOST, port)], begin_attempt(Clock()), tasks).burst(
            "GET", "/{n}", count=count
        )
    assert all(answer.status == 200 for answer in crowd)
    return crowd.elapsed_s


async def with_aiohttp(port: int, count: int) -> float:
    """The same with aiohttp."""
    import aiohttp  # late: aiohttp is optional here

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def get(n: int) -> None:
            async with session.get(f"http://{HOST}:{port}/{n}") as response:
                assert response.status == 200
                await response.read()

        began = time.perf_counter()
        await asyncio.gather(*(get(n) for n in range(count)))
        return time.perf_counter() - began


async def with_httpx(port: int, count: int) -> float:
    """The same with httpx."""
    import httpx  # late: only this client needs it

    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with httpx.AsyncClient(
        base_url=f"http://{HOST}:{port}", limits=limits, timeout=30.0
    ) as client:
        began = time.perf_counter()
        responses = await asyncio.gather(*(client.get(f"/{n}") for n in range(count)))
        elapsed_s = time.perf_counter() - began
    assert all(response.status_code == 200 for response in responses)
    return elapsed_s


CLIENTS: dict[str, Burst] = {OURS: ours, "aiohttp": with_aiohttp, "httpx": with_httpx}


async def measure(rounds: int, folder: Path) -> dict[str, dict[int, list[float]]]:
    """Seconds of each client for each size; clients run in turn, on a fresh server in each round."""
    clients = {
        name: burst
        for name, burst in CLIENTS.items()
        if name == OURS or importlib.util.find_spec(name)
    }
    taken: dict[str, dict[int, list[float]]] = {
        name: {size: [] for size in SIZES} for name in clients
    }
    for _ in range(rounds):
        async with uvicorn_process(folder, 0) as port:
            for name, burst in clients.items():
                await burst(port, 1)
                for size in SIZES:
                    taken[name][size].append(await burst(port, size))
    return taken


def print_client(rounds: int) -> None:
    """Measure and print a table."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "app.py").write_text(HANDLER)
        taken = asyncio.run(measure(rounds, Path(name)))
    medians = {
        client: {size: statistics.median(some) for size, some in sizes.items()}
        for client, sizes in taken.items()
    }
    rows = [
        (
            client,
            *(
                f"{ms(median_s)} ({median_s / medians[OURS][size]:.1f} ×)"
                for size, median_s in sizes.items()
            ),
        )
        for client, sizes in medians.items()
    ]
    print(table(("50 ms handler, median", *(f"{size} at once" for size in SIZES)), rows))
    print(
        f"\nThe slowest of {rounds} bursts of 200 with the load client: {ms(max(taken[OURS][200]))}."
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.client", description="How fast bursts are sent."
    )
    parser.add_argument("-n", type=int, default=10, help="rounds (default 10)")
    print_client(parser.parse_args().n)
