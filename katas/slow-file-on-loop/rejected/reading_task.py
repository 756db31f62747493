"""Tides: what the gauges along the coast have recorded, as the archive keeps it."""

import asyncio
import csv
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import fastapi
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

ARCHIVE = Path(os.environ["FILES_DIR"])
"""Where the archive is mounted: a file for each gauge."""

ORDERS: asyncio.Queue[tuple[Path, asyncio.Future[list[str]]]] = asyncio.Queue()
"""What the reader in the background is to read."""


async def read_in_background() -> None:
    """Does all reading, so that no request has to."""
    while True:
        path, lines = await ORDERS.get()
        try:
            with open(path, newline="") as file:
                lines.set_result(file.readlines())
        except OSError as error:
            lines.set_exception(error)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as tasks:
        reader = tasks.create_task(read_in_background())
        yield
        reader.cancel()


app = FastAPI(title="Tides", lifespan=lifespan)

GaugeName = Annotated[str, fastapi.Path(pattern="^[a-z0-9]{1,16}$")]


class Summary(BaseModel):
    gauge: str
    readings: int
    highest: int


def summarize(gauge: str, lines: Iterable[str]) -> Summary:
    """Lines are `06:10,5123`: time of day, and the water's height in millimetres."""
    heights = [int(height) for _, height in csv.reader(lines)]
    return Summary(gauge=gauge, readings=len(heights), highest=max(heights))


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/gauges/{gauge}")
async def gauge_summary(gauge: GaugeName) -> Summary:
    try:
        lines: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        ORDERS.put_nowait((ARCHIVE / f"{gauge}.csv", lines))
        return summarize(gauge, await lines)
    except FileNotFoundError as error:
        raise HTTPException(404, "The archive has no record of this gauge.") from error
