"""Breaks ended: "and it makes no more of those that still waited for a connection".

When a trip fails, the calls that are being made are cancelled; a search that still waits for its turn has no call yet,
so there is nothing to cancel, and it makes its call as soon as a connection is free. A learner thinks of the calls
that cost connections and forgets that the waiting ones are tasks as well.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

GATEWAY_URL = os.environ["UPSTREAM_URL"]
CONNECTIONS = 12
SEARCH_S = 30

TripNumber = Annotated[int, Path(ge=1)]


class Trip(BaseModel):
    trip: int
    flight: int
    hotel: int
    car: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S) as gateway:
        app.state.gateway = gateway
        app.state.turns = asyncio.Semaphore(CONNECTIONS)
        yield


app = FastAPI(title="Trips", lifespan=lifespan)


@app.exception_handler(httpx.HTTPError)
async def gateway_failed(_: Request, error: httpx.HTTPError) -> JSONResponse:
    return JSONResponse({"detail": "One of the services has failed."}, status_code=502)


class Search:
    def __init__(self, path: str) -> None:
        self.path = path
        self.call: asyncio.Task[httpx.Response] | None = None

    async def price(self) -> int:
        async with app.state.turns:
            self.call = asyncio.create_task(app.state.gateway.get(self.path))
            response = await self.call
        response.raise_for_status()
        return int(response.json()["cents"])

    def end(self) -> None:
        if self.call is not None:
            self.call.cancel()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber) -> Trip:
    searches = [Search(f"/{service}/{trip}") for service in ("flights", "hotels", "cars")]
    try:
        flight, hotel, car = await asyncio.gather(*(search.price() for search in searches))
    finally:
        for search in searches:
            search.end()
    return Trip(trip=trip, flight=flight, hotel=hotel, car=car)
