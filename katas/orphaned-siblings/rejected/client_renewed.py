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

RENEW_AFTER = 5
"""After so many failures nobody knows what state a client is in."""

log = logging.getLogger("trips")


class Gateways:
    """The client for new trips, and the earlier ones that are still used."""

    def __init__(self) -> None:
        self.all = [new_client()]
        self.failures = 0

    def failed(self) -> None:
        self.failures += 1
        if self.failures % RENEW_AFTER == 0:
            self.all.append(new_client())

    async def aclose(self) -> None:
        for client in self.all:
            await client.aclose()


def new_client() -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    return httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S)


class State(TypedDict):
    gateways: Gateways


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    gateways = Gateways()
    yield {"gateways": gateways}
    await gateways.aclose()


app = FastAPI(title="Trips", lifespan=lifespan)

TripNumber = Annotated[int, Path(ge=1)]


class Trip(BaseModel):
    """Prices in cents."""

    trip: int
    flight: int
    hotel: int
    car: int


async def get_gateways(request: Request) -> Gateways:
    """The app's clients of the travel gateway."""
    gateways: Gateways = request.state.gateways
    return gateways


TheGateways = Annotated[Gateways, Depends(get_gateways)]


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


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateways: TheGateways) -> Trip:
    gateway = gateways.all[-1]
    try:
        async with asyncio.TaskGroup() as searches:
            flight = searches.create_task(search(gateway, f"/flights/{trip}"))
            hotel = searches.create_task(search(gateway, f"/hotels/{trip}"))
            car = searches.create_task(search(gateway, f"/cars/{trip}"))
    except ExceptionGroup as failures:
        gateways.failed()
        # The first failure has ended the others; it alone says what went wrong.
        raise failures.exceptions[0] from None
    return Trip(trip=trip, flight=flight.result(), hotel=hotel.result(), car=car.result())
