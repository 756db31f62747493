"""Trips: what flight, hotel and car of a trip cost at this moment."""

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import anyio
import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

GATEWAY_URL = os.environ["UPSTREAM_URL"]
"""The travel gateway: it searches flights, hotels and cars for us."""

CONNECTIONS = 12
"""So many connections to the gateway does our contract allow."""

SEARCH_S = 30
"""So long do we wait for a search."""

SERVICES = {"flight": "flights", "hotel": "hotels", "car": "cars"}
"""Which service of the gateway finds which part of a trip."""

log = logging.getLogger("trips")


class State(TypedDict):
    gateway: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S) as gateway:
        yield {"gateway": gateway}


app = FastAPI(title="Trips", lifespan=lifespan)

TripNumber = Annotated[int, Path(ge=1)]


class Trip(BaseModel):
    """Prices in cents."""

    trip: int
    flight: int
    hotel: int
    car: int


async def get_gateway(request: Request) -> httpx.AsyncClient:
    """The app's client of the travel gateway."""
    gateway: httpx.AsyncClient = request.state.gateway
    return gateway


Gateway = Annotated[httpx.AsyncClient, Depends(get_gateway)]


async def search_all(gateway: httpx.AsyncClient, trip: int) -> dict[str, int]:
    """The prices of all parts of a trip."""
    prices: dict[str, int] = {}

    async def search(part: str) -> None:
        response = await gateway.get(f"/{SERVICES[part]}/{trip}")
        response.raise_for_status()
        prices[part] = response.json()["cents"]

    async with anyio.create_task_group() as searches:
        for part in SERVICES:
            searches.start_soon(search, part)
    return prices


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: Gateway) -> Trip:
    prices: dict[str, int] = {}
    failures: list[BaseException] = []
    try:
        prices = await search_all(gateway, trip)
    except* httpx.HTTPError as group:
        failures.extend(group.exceptions)
    if failures:
        log.warning("The gateway has failed: %r", failures)
        raise HTTPException(502, "One of the services has failed.")
    return Trip(trip=trip, **prices)
