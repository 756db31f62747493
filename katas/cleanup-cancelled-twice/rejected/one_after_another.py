"""Reports: charts, tables and maps, each rendered by the farm under a licence."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

FARM_URL = os.environ["UPSTREAM_URL"]
"""The render farm: it hands out licences, and renders under them."""

RENDER_S = 30
"""So long may a part take."""

PARTS = ("charts", "tables", "maps")

log = logging.getLogger("reports")


class State(TypedDict):
    farm: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=FARM_URL, timeout=RENDER_S) as farm:
        yield {"farm": farm}


app = FastAPI(title="Reports", lifespan=lifespan)

ReportNumber = Annotated[int, Path(ge=1)]


class Report(BaseModel):
    """Numbers under which the farm keeps the rendered parts."""

    report: int
    charts: int
    tables: int
    maps: int


async def get_farm(request: Request) -> httpx.AsyncClient:
    """The app's client of the render farm."""
    farm: httpx.AsyncClient = request.state.farm
    return farm


Farm = Annotated[httpx.AsyncClient, Depends(get_farm)]


@asynccontextmanager
async def licence(farm: httpx.AsyncClient) -> AsyncIterator[int]:
    """A licence of the farm, which gets it back at the end."""
    response = await farm.post("/licences/take")
    response.raise_for_status()
    number: int = response.json()["value"]
    try:
        yield number
    finally:
        log.info("licence %d goes back", number)
        await farm.post(f"/licences/{number}/release")


async def render(farm: httpx.AsyncClient, report: int, part: str, rendered: dict[str, int]) -> None:
    """Have one part rendered, under a licence of its own."""
    async with licence(farm) as number:
        response = await farm.post(f"/reports/{report}/{part}", params={"licence": number})
        response.raise_for_status()
        rendered[part] = response.json()["value"]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/reports/{report}")
async def make_report(report: ReportNumber, farm: Farm) -> Report:
    rendered: dict[str, int] = {}
    try:
        for part in PARTS:
            await render(farm, report, part, rendered)
    except httpx.HTTPError as failed:
        raise HTTPException(502, "The farm could not render the report.") from failed
    return Report(report=report, **rendered)
