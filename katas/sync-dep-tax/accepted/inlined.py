"""Cinemas: free seats for the tills, shows for the screens in the lobby, posters for the walls."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import anyio.to_thread
import httpx
from fastapi import FastAPI, Header, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

SERVICES_URL = os.environ["UPSTREAM_URL"]
"""The box office, which knows seats and shows, and the printing house."""

box_office = httpx.AsyncClient(base_url=SERVICES_URL)
printers = httpx.Client(base_url=SERVICES_URL, timeout=60, limits=httpx.Limits(max_connections=100))


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    async with box_office:
        with printers:
            yield


app = FastAPI(title="Cinemas", lifespan=lifespan)

ShowNumber = Annotated[int, Path(ge=1)]
House = Annotated[Literal["north", "south", "harbour", "station"], Header()]


class Page(BaseModel):
    first: int = Field(default=1, ge=1)
    count: int = Field(default=10, ge=1, le=50)


@app.exception_handler(RequestValidationError)
async def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
    """A house that we do not know is refused, anything else is a mistake."""
    is_house = any(one["loc"] == ("header", "x-house") and one["type"] == "literal_error" for one in error.errors())
    return JSONResponse({"detail": "Refused."}, status_code=403 if is_house else 422)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/seats/{show}")
async def count_seats(show: ShowNumber, x_house: House) -> dict[str, str | int]:
    response = (await box_office.get(f"/seats/{show}")).raise_for_status()
    return {"house": x_house, "show": show, "free": response.json()["free"]}


@app.get("/shows")
async def list_shows(page: Annotated[Page, Query()]) -> dict[str, list[int]]:
    response = (await box_office.get("/shows")).raise_for_status()
    return {"shows": response.json()["shows"][page.first - 1 :][: page.count]}


@app.get("/posters/{show}")
async def order_poster(show: ShowNumber) -> dict[str, int]:
    response = await anyio.to_thread.run_sync(printers.get, f"/posters/{show}")
    return {"show": show, "sheet": response.raise_for_status().json()["sheet"]}
