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


class State(TypedDict):
    gateway: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S) as gateway:
        yield {"gateway": gateway}


LOOK_S = 0.05
"""So often do we look whether the visitor is still there."""

app = FastAPI(title="Trips", lifespan=lifespan)

TripNumber = Annotated[int, Path(ge=1)]


class Trip(BaseModel):
    """Prices in cents."""

    trip: int
    flight: int
    hotel: int
    car: int


under_way: dict[int, set[asyncio.Task[Trip]]] = {}
"""Who waits for a trip, by its number."""


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


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def search_all(gateway: httpx.AsyncClient, trip: int) -> Trip:
    try:
        async with asyncio.TaskGroup() as searches:
            flight = searches.create_task(search(gateway, f"/flights/{trip}"))
            hotel = searches.create_task(search(gateway, f"/hotels/{trip}"))
            car = searches.create_task(search(gateway, f"/cars/{trip}"))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return Trip(trip=trip, flight=flight.result(), hotel=hotel.result(), car=car.result())


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: Gateway, request: Request) -> Trip:
    mine = asyncio.create_task(search_all(gateway, trip))
    under_way.setdefault(trip, set()).add(mine)
    try:
        while not (await asyncio.wait([mine], timeout=LOOK_S))[0]:
            if await request.is_disconnected():
                for task in under_way[trip]:
                    task.cancel()
        return mine.result()
    except asyncio.CancelledError:
        raise HTTPException(502, "Nobody waits for this trip any more.") from None
    finally:
        under_way[trip].discard(mine)
