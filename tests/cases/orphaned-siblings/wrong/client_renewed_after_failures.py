"""Breaks others-served: "A failure concerns its own visitor only [...]: everybody else gets their trip".

After every sixth failed trip the client is replaced by a fresh one and the old one closed, together with the searches
of everybody else that are under way on it. A clever person does this because "a restart helped", and because httpx
can lose places of its pool when searches are cancelled.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

GATEWAY_URL = os.environ["UPSTREAM_URL"]
CONNECTIONS = 12
SEARCH_S = 30
RENEW_AFTER = 6


class Gateway:
    def __init__(self) -> None:
        self.places = asyncio.Semaphore(CONNECTIONS)
        self.failures = 0
        self.client = self.new_client()

    @staticmethod
    def new_client() -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=0)
        return httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S)

    async def search(self, path: str) -> int:
        async with self.places:
            response = await self.client.get(path)
        response.raise_for_status()
        return int(response.json()["cents"])

    async def failed(self) -> None:
        self.failures += 1
        if self.failures >= RENEW_AFTER:
            self.failures = 0
            old, self.client = self.client, self.new_client()
            await old.aclose()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.gateway = Gateway()
    yield
    await app.state.gateway.client.aclose()


app = FastAPI(title="Trips", lifespan=lifespan)

TripNumber = Annotated[int, Path(ge=1)]


class Trip(BaseModel):
    trip: int
    flight: int
    hotel: int
    car: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber) -> Trip:
    gateway: Gateway = app.state.gateway
    try:
        async with asyncio.TaskGroup() as group:
            flight = group.create_task(gateway.search(f"/flights/{trip}"))
            hotel = group.create_task(gateway.search(f"/hotels/{trip}"))
            car = group.create_task(gateway.search(f"/cars/{trip}"))
    except ExceptionGroup as failures:
        await gateway.failed()
        raise HTTPException(502, "One of the services has failed.") from failures
    return Trip(trip=trip, flight=flight.result(), hotel=hotel.result(), car=car.result())
