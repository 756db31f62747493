"""Tides: what the gauges along the coast have recorded, as the archive keeps it."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import aiofiles
import fastapi
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

ARCHIVE = Path(os.environ["FILES_DIR"])
"""Where the archive is mounted: a file for each gauge."""

app = FastAPI(title="Tides")

GaugeName = Annotated[str, fastapi.Path(pattern="^[a-z0-9]{1,16}$")]


KNOWN: dict[str, list[str]] = {}
"""What has been read before."""


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
    if gauge not in KNOWN:
        try:
            async with aiofiles.open(ARCHIVE / f"{gauge}.csv", newline="") as file:
                KNOWN[gauge] = await file.readlines()
        except FileNotFoundError as error:
            raise HTTPException(404, "The archive has no record of this gauge.") from error
    return summarize(gauge, KNOWN[gauge])
