"""Measures what the sandbox costs: whole gradings with and without it in turn, and the time to a first answer.

    python -m tests.bench.sandbox [-n 10] [--katas slug,…]

Prints markdown tables for docs/performance.md.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio

from grader.catalog.manifest import Kata
from grader.checks.server import running_server
from grader.errors import SandboxUnavailable
from grader.measure.attempt import begin_attempt
from grader.measure.timing import Clock
from grader.process.launch import LauncherPlan
from grader.process.launcher import running_launcher
from grader.process.sandbox import SandboxMode
from grader.process.server import ServerPlan
from tests.bench.bare import HOST, uvicorn_process
from tests.bench.check import in_turn, median_wall_s, run
from tests.bench.gradings import KATA, ROOT, read_katas
from tests.bench.tables import ms, s, table

APP = """
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Answer(BaseModel):
    value: int


@app.get("/")
async def answer() -> Answer:
    return Answer(value=1)
"""


def kata_row(kata: Kata, count: int, folder: Path) -> tuple[str, ...]:
    """Times of one kata's reference, with and without."""
    commands = [
        [KATA, "check", kata.slug, "--solution", kata.reference, "--json", "--sandbox", mode]
        for mode in ("require", "off")
    ]
    for command in commands:
        run(command, folder)
    inside, outside = in_turn(count, folder, *commands)
    differences = [one.wall_s - other.wall_s for one, other in zip(inside, outside, strict=True)]
    services = ", ".join(kata.services) or "none"
    return (
        kata.slug,
        services,
        s(median_wall_s(inside)),
        s(median_wall_s(outside)),
        ms(statistics.median(differences)),
    )


async def forked_s(folder: Path, mode: SandboxMode, count: int) -> tuple[float, list[float]]:
    """Seconds until a launcher answers, and from each fork to the first answer."""
    times: list[float] = []
    began = time.perf_counter()
    with running_launcher(
        folder, LauncherPlan(visible=(folder,), sandbox=mode), f"launcher-{mode}"
    ) as launcher:
        for _ in range(count + 1):
            attempt = begin_attempt(Clock())
            plan = ServerPlan(folder, 1, launcher.environ, 10.0, 2.0)
            async with launcher.listening(attempt.abort.break_off):
                for one in await launcher.sockets(plain=1):
                    one.close()
                if not times:
                    up_s = time.perf_counter() - began
                began_server = time.perf_counter()
                async with running_server(plan, launcher, attempt) as server:
                    assert (await server.get("/")).status == 200
                    times.append(time.perf_counter() - began_server)
    return up_s, times[1:]


async def fresh_s(folder: Path) -> float:
    """Seconds from a new interpreter to the first answer."""
    began = time.perf_counter()
    async with uvicorn_process(folder, 1) as port:
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        await reader.read()
        writer.close()
        return time.perf_counter() - began


def print_katas(katas: Sequence[Kata], count: int, folder: Path) -> None:
    """One row for each kata."""
    rows = []
    for kata in katas:
        try:
            rows.append(kata_row(kata, count, folder))
        except RuntimeError as error:
            print(f"Left out: {kata.slug}. {error}", file=sys.stderr)
    print(
        table(
            (
                "`kata check`, reference",
                "needs",
                "in the sandbox",
                "without",
                "median of the differences",
            ),
            rows,
        ),
        flush=True,
    )


def print_starts(count: int, folder: Path) -> None:
    """Print the time to a first answer, from a new interpreter and from the launcher."""
    (folder / "app.py").write_text(APP)
    rows = []
    for mode in (SandboxMode.REQUIRE, SandboxMode.OFF):
        try:
            up_s, times = anyio.run(forked_s, folder, mode, count)
        except SandboxUnavailable as error:
            print(error, file=sys.stderr)
            continue
        where = "in the sandbox" if mode is SandboxMode.REQUIRE else "without"
        rows.append((f"forked by the launcher, {where}", ms(statistics.median(times)), ms(up_s)))
    fresh = [anyio.run(fresh_s, folder) for _ in range(count)]
    rows.append(("a new interpreter each time", ms(statistics.median(fresh)), "-"))
    print(table(("start to first answer", "median", "launcher ready, once"), rows), flush=True)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.sandbox", description="What the sandbox costs."
    )
    parser.add_argument("-n", type=int, default=10, help="how often each (default 10)")
    parser.add_argument(
        "--katas", type=lambda text: text.split(","), default=[], help="only these katas: slug,slug"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kata-bench-") as name:
        print_starts(options.n, Path(name))
        print()
        print_katas(read_katas(ROOT / "katas", options.katas), options.n, Path(name))


if __name__ == "__main__":
    main()
