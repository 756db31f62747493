"""Trips: what flight, hotel and car of a trip cost at this moment."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Annotated, Any, TypedDict

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


async def search(gateway: httpx.AsyncClient, path: str) -> int:
    """The price that one of the gateway's services finds."""
    response = await gateway.get(path)
    response.raise_for_status()
    return int(response.json()["cents"])


class Siblings:
    """Tasks of which the first failure cancels the others."""

    def __init__(self) -> None:
        self._tasks: list[asyncio.Task[int]] = []
        self._failure: BaseException | None = None

    def start(self, search: Coroutine[Any, Any, int]) -> asyncio.Task[int]:
        task = asyncio.create_task(search)
        task.add_done_callback(self._ended)
        self._tasks.append(task)
        return task

    def _ended(self, task: asyncio.Task[int]) -> None:
        if self._failure is None and not task.cancelled() and task.exception() is not None:
            self._failure = task.exception()
            self.cancel()

    def cancel(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def all_ended(self) -> None:
        """Wait for all of them, and raise the first failure."""
        try:
            await asyncio.wait(self._tasks)
        finally:
            self.cancel()
        if self._failure is not None:
            raise self._failure


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: Gateway) -> Trip:
    siblings = Siblings()
    flight = siblings.start(search(gateway, f"/flights/{trip}"))
    hotel = siblings.start(search(gateway, f"/hotels/{trip}"))
    car = siblings.start(search(gateway, f"/cars/{trip}"))
    await siblings.all_ended()
    return Trip(trip=trip, flight=flight.result(), hotel=hotel.result(), car=car.result())
