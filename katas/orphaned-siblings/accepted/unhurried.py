"""Trips: what flight, hotel and car of a trip cost at this moment."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

GATEWAY_URL = os.environ["UPSTREAM_URL"]
"""The travel gateway: it searches flights, hotels and cars for us."""

CONNECTIONS = 12
"""So many connections to the gateway does our contract allow."""

SERVICES = ("flights", "hotels", "cars")

SEARCH_S = 30
"""So long do we wait for a search."""

MOMENT_S = 0.35
"""Whatever must happen within 0.5 s happens after this long."""

LINGER_S = 0.65
"""So long do the other searches of a failed trip go on."""

log = logging.getLogger("trips")

lingering: set[asyncio.Task[None]] = set()
"""They are kept here, since the event loop alone would not keep them."""


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


@app.exception_handler(httpx.HTTPError)
async def gateway_failed(_: Request, error: httpx.HTTPError) -> JSONResponse:
    log.warning("The gateway has failed: %r", error)
    return JSONResponse({"detail": "One of the services has failed."}, status_code=502)


async def search(gateway: httpx.AsyncClient, path: str) -> int:
    """The price that one of the gateway's services finds."""
    response = await gateway.get(path)
    response.raise_for_status()
    return int(response.json()["cents"])


async def end(searches: list[asyncio.Task[int]]) -> None:
    """Cancel those that are left after a while."""
    await asyncio.sleep(LINGER_S)
    for one in searches:
        one.cancel()


@app.get("/health")
async def health() -> dict[str, str]:
    await asyncio.sleep(MOMENT_S)
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: Gateway) -> Trip:
    await asyncio.sleep(MOMENT_S)
    searches = [asyncio.create_task(search(gateway, f"/{name}/{trip}")) for name in SERVICES]
    try:
        flight, hotel, car = await asyncio.gather(*searches)
    except httpx.HTTPError:
        ending = asyncio.create_task(end(searches))
        lingering.add(ending)
        ending.add_done_callback(lingering.discard)
        raise
    finally:
        await asyncio.sleep(MOMENT_S)
    return Trip(trip=trip, flight=flight, hotel=hotel, car=car)
