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

Job = tuple[str, asyncio.Future[int]]

jobs: asyncio.Queue[Job] = asyncio.Queue()
"""Searches that wait for a connection."""

calls: dict[asyncio.Future[int], asyncio.Task[int]] = {}
"""The call that is under way for each price."""

log = logging.getLogger("trips")


class State(TypedDict):
    gateway: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S) as gateway:
        clerks = [asyncio.create_task(make_calls(gateway)) for _ in range(CONNECTIONS)]
        yield {"gateway": gateway}
        for clerk in clerks:
            clerk.cancel()


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


async def make_calls(gateway: httpx.AsyncClient) -> None:
    """One call after another, also for prices that nobody waits for any more."""
    while True:
        path, price = await jobs.get()
        call = calls[price] = asyncio.create_task(search(gateway, path))
        await asyncio.wait([call])
        del calls[price]
        if call.cancelled() or price.done():
            continue
        if error := call.exception():
            price.set_exception(error)
        else:
            price.set_result(call.result())


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber) -> Trip:
    loop = asyncio.get_running_loop()
    prices = {service: loop.create_future() for service in ("flights", "hotels", "cars")}
    for service, price in prices.items():
        jobs.put_nowait((f"/{service}/{trip}", price))
    try:
        flight, hotel, car = await asyncio.gather(*prices.values())
    finally:
        for price in prices.values():
            price.cancel()
            if price in calls:
                calls[price].cancel()
    return Trip(trip=trip, flight=flight, hotel=hotel, car=car)
