"""Trips: what flight, hotel and car of a trip cost at this moment."""

import asyncio
import logging
import os
import time
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


class Breaker:
    """After a few failures in a row nobody is sent to the gateway for a while."""

    def __init__(self, failures: int, pause_s: float) -> None:
        self._allowed = failures
        self._pause_s = pause_s
        self._failures = 0
        self._closed_again_at = 0.0

    def check(self) -> None:
        if time.monotonic() < self._closed_again_at:
            raise HTTPException(502, "The gateway is resting.")

    def failed(self) -> None:
        self._failures += 1
        if self._failures >= self._allowed:
            self._failures = 0
            self._closed_again_at = time.monotonic() + self._pause_s

    def succeeded(self) -> None:
        self._failures = 0


breaker = Breaker(failures=20, pause_s=5)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: Gateway) -> Trip:
    breaker.check()
    try:
        async with asyncio.TaskGroup() as searches:
            flight = searches.create_task(search(gateway, f"/flights/{trip}"))
            hotel = searches.create_task(search(gateway, f"/hotels/{trip}"))
            car = searches.create_task(search(gateway, f"/cars/{trip}"))
    except ExceptionGroup as failures:
        breaker.failed()
        raise failures.exceptions[0] from None
    breaker.succeeded()
    return Trip(trip=trip, flight=flight.result(), hotel=hotel.result(), car=car.result())
