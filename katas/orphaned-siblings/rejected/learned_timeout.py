"""Trips: what flight, hotel and car of a trip cost at this moment."""

import asyncio
import logging
import os
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from time import monotonic
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
"""So long do we wait for a search, until we know better."""

LEARNED_FROM = 12
"""So many answers of a service tell how long it takes."""

log = logging.getLogger("trips")

took_s: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=LEARNED_FROM))
"""How long each service's last searches took."""


def patience_s(service: str) -> float:
    """Twice as long as a search has taken lately."""
    if len(took_s[service]) < LEARNED_FROM:
        return SEARCH_S
    return min(SEARCH_S, max(0.3, 2 * median(took_s[service])))


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
    service, began = path.split("/")[1], monotonic()
    timeout = httpx.Timeout(SEARCH_S, read=patience_s(service))
    response = await gateway.get(path, timeout=timeout)
    response.raise_for_status()
    took_s[service].append(monotonic() - began)
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
