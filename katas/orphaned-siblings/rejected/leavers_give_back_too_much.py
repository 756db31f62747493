"""Trips: what flight, hotel and car of a trip cost at this moment."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

GATEWAY_URL = os.environ["UPSTREAM_URL"]
"""The travel gateway: it searches flights, hotels and cars for us."""

CONNECTIONS = 12
"""So many connections to the gateway does our contract allow."""

SEARCH_S = 30
"""So long do we wait for a search."""

log = logging.getLogger("trips")

places = asyncio.Semaphore(CONNECTIONS)
"""One for each connection that a search may have."""

LOOK_S = 0.1
"""So often do we look whether the visitor is still there."""


class State(TypedDict):
    gateway: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=None)
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


@app.exception_handler(httpx.HTTPError)
async def gateway_failed(_: Request, error: httpx.HTTPError) -> JSONResponse:
    log.warning("The gateway has failed: %r", error)
    return JSONResponse({"detail": "One of the services has failed."}, status_code=502)


async def search(gateway: httpx.AsyncClient, path: str) -> int:
    """The price that one of the gateway's services finds."""
    async with places:
        response = await gateway.get(path)
    response.raise_for_status()
    return int(response.json()["cents"])


async def end_with(request: Request, searches: list[asyncio.Task[int]]) -> None:
    """Once the visitor has left: end the searches, and give back the places that they may have."""
    while not await request.is_disconnected():
        await asyncio.sleep(LOOK_S)
    for one in searches:
        if one.cancel():
            places.release()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: Gateway, request: Request) -> Trip:
    names = ("flights", "hotels", "cars")
    searches = [asyncio.create_task(search(gateway, f"/{name}/{trip}")) for name in names]
    watching = asyncio.create_task(end_with(request, searches))
    try:
        flight, hotel, car = await asyncio.gather(*searches)
    except asyncio.CancelledError:
        raise HTTPException(499, "The visitor has left.") from None
    finally:
        for one in (watching, *searches):
            one.cancel()
    return Trip(trip=trip, flight=flight, hotel=hotel, car=car)
