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


turns = asyncio.Semaphore(CONNECTIONS)
"""One for each connection."""

waiting: dict[str, asyncio.Future[int]] = {}
"""Searches that wait for their turns."""


async def search(gateway: httpx.AsyncClient, path: str) -> int:
    """The price that one of the gateway's services finds. Who waits for the same search joins those who wait already."""
    if turns.locked() and path in waiting:
        return await asyncio.shield(waiting[path])
    price = waiting[path] = asyncio.get_running_loop().create_future()
    try:
        async with turns:
            del waiting[path]
            cents = await ask(gateway, path)
    except BaseException as error:
        waiting.pop(path, None)
        if not price.done():
            price.set_exception(error)
            price.exception()  # perhaps nobody has joined
        raise
    price.set_result(cents)
    return cents


async def ask(gateway: httpx.AsyncClient, path: str) -> int:
    response = await gateway.get(path)
    response.raise_for_status()
    return int(response.json()["cents"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: Gateway) -> Trip:
    try:
        async with asyncio.TaskGroup() as searches:
            flight = searches.create_task(search(gateway, f"/flights/{trip}"))
            hotel = searches.create_task(search(gateway, f"/hotels/{trip}"))
            car = searches.create_task(search(gateway, f"/cars/{trip}"))
    except ExceptionGroup as failures:
        # The first failure has ended the others; it alone says what went wrong.
        raise failures.exceptions[0] from None
    return Trip(trip=trip, flight=flight.result(), hotel=hotel.result(), car=car.result())
