"""What people write first: a script with httpx, `asyncio.gather` and fixed limits, for comparison.

    python -m tests.bench.naive sleepy-handler katas/sleepy-handler/accepted/reference.py

Two authors judge the same answers in one run. The usual one sleeps 2 s for the server to start and allows twice what
one request takes, or exactly what the task promises. The careful one polls the server for up to 10 s and allows half of
what the requests would take one after another. Both check everything in the kata's text that a script can see.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx

START_SLEEP_S = 2.0
START_POLL_S = 10.0
AUTHORS = ("usual", "careful")


@dataclass
class Notes:
    """The assertions of the two authors, and which of them failed."""

    failed: dict[str, list[str]] = field(default_factory=lambda: {author: [] for author in AUTHORS})

    def check(self, holds: bool, what: str) -> None:
        """Assert something without a clock."""
        if not holds:
            for author in AUTHORS:
                self.failed[author].append(what)

    def within(self, seconds: float, usual_s: float, careful_s: float, what: str) -> None:
        """Assert a limit; each author has one of their own."""
        for author, limit_s in zip(AUTHORS, (usual_s, careful_s), strict=True):
            if seconds >= limit_s:
                self.failed[author].append(f"{what}: {seconds:.2f} s, limit {limit_s:.2f} s")


Script = Callable[[httpx.AsyncClient, Notes], Awaitable[None]]


async def sleepy_handler(client: httpx.AsyncClient, notes: Notes) -> None:
    """One label, 12 at once, health meanwhile, the same label again."""
    began = time.perf_counter()
    response = await client.get("/labels/7")
    notes.check(
        response.status_code == 200 and response.json() == {"order": 7, "barcode": "75"}, "a label"
    )
    notes.check(time.perf_counter() - began >= 0.1, "a label takes 0.1 s")
    notes.check((await client.get("/labels/0")).status_code == 422, "order 0")

    began = time.perf_counter()
    responses = await asyncio.gather(*(client.get(f"/labels/{order}") for order in range(1, 13)))
    notes.within(time.perf_counter() - began, 0.2, 0.6, "12 labels")
    notes.check(all(response.status_code == 200 for response in responses), "12 labels")

    labels = asyncio.gather(*(client.get(f"/labels/{order}") for order in range(1, 13)))
    await asyncio.sleep(0.02)
    began = time.perf_counter()
    await client.get("/health")
    notes.within(time.perf_counter() - began, 0.1, 0.6, "health")
    await labels

    began = time.perf_counter()
    await client.get("/labels/7")
    notes.check(time.perf_counter() - began >= 0.1, "the same label takes 0.1 s again")


async def missing_timeout(client: httpx.AsyncClient, notes: Notes) -> None:
    """A quote, a slow quote, a silent market, news meanwhile and afterwards."""
    response = await client.get("/quotes/FAST")
    notes.check(
        response.status_code == 200 and response.json() == {"symbol": "FAST", "cents": 1250},
        "a quote",
    )
    slow = await client.get("/quotes/SLOW")
    notes.check(slow.status_code == 200, "a slow quote")

    began = time.perf_counter()
    silent = await client.get("/quotes/SILENT")
    notes.within(time.perf_counter() - began, 1.0, 2.0, "a silent quote")
    notes.check(silent.status_code == 504, "a silent quote")

    hanging = asyncio.gather(
        *(client.get("/quotes/SILENT") for _ in range(10)), return_exceptions=True
    )
    await hanging
    began = time.perf_counter()
    news = await client.get("/news")
    notes.within(time.perf_counter() - began, 0.5, 2.0, "news after 10 silent quotes")
    notes.check(news.status_code == 200, "news after 10 silent quotes")


@contextlib.asynccontextmanager
async def stub_market() -> AsyncIterator[int]:
    """An upstream as people write it for a test: canned answers, a slow one, and one that never comes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                path = (await reader.readuntil(b"\r\n\r\n")).split(b" ", 2)[1]
                if path == b"/quotes/SILENT":
                    await reader.read()
                    break
                if path == b"/quotes/SLOW":
                    await asyncio.sleep(0.15)
                body = b'{"headlines": ["up"]}' if path == b"/news" else b'{"cents": 1250}'
                head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.asynccontextmanager
async def no_upstream() -> AsyncIterator[int]:
    """The upstream of a kata without one."""
    yield 0


SCRIPTS: dict[str, tuple[Script, Callable[[], contextlib.AbstractAsyncContextManager[int]]]] = {
    "sleepy-handler": (sleepy_handler, no_upstream),
    "missing-timeout": (missing_timeout, stub_market),
}


@contextlib.contextmanager
def uvicorn_process(folder: Path, port: int, upstream: int) -> Iterator[None]:
    """Run `uvicorn app:app` during the block."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "uvicorn",
            "app:app",
            "--port",
            str(port),
            "--log-level",
            "critical",
        ],
        cwd=folder,
        env={**os.environ, "UPSTREAM_URL": f"http://127.0.0.1:{upstream}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    """A free port, found as everyone does it: another process may take it before the server does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


async def wait_for_start(client: httpx.AsyncClient, notes: Notes) -> bool:
    """Sleep like the usual author, then poll like the careful one; False if the server never answered."""
    await asyncio.sleep(START_SLEEP_S)
    deadline = time.monotonic() + START_POLL_S - START_SLEEP_S
    late = False
    while time.monotonic() < deadline:
        try:
            await client.get("/openapi.json")
        except httpx.ConnectError:
            late = True
            await asyncio.sleep(0.1)
        else:
            if late:
                notes.failed["usual"].append(f"no server after {START_SLEEP_S} s")
            return True
    notes.check(False, "no server")
    return False


async def run_script(slug: str, folder: Path) -> Notes:
    """Run a kata's naive script on the `app.py` of this folder."""
    script, upstream = SCRIPTS[slug]
    notes = Notes()
    port = free_port()
    async with (
        upstream() as upstream_port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5.0) as client,
    ):
        with uvicorn_process(folder, port, upstream_port):
            if await wait_for_start(client, notes):
                try:
                    await script(client, notes)
                except (httpx.HTTPError, ValueError) as error:
                    notes.check(False, f"{type(error).__name__}: {error}")
    return notes


def main() -> None:
    """Print the verdicts of both authors on one solution, as JSON."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.naive", description="Grade one solution with fixed limits."
    )
    parser.add_argument("slug", choices=SCRIPTS)
    parser.add_argument("solution", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(options.solution, Path(folder) / "app.py")
        notes = asyncio.run(run_script(options.slug, Path(folder)))
    print(json.dumps(notes.failed))


if __name__ == "__main__":
    main()
