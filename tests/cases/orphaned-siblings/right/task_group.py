"""Trips, with asyncio.TaskGroup and the pool of httpx."""

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

TripNumber = Annotated[int, Path(ge=1)]


class Trip(BaseModel):
    trip: int
    flight: int
    hotel: int
    car: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S) as gateway:
        app.state.gateway = gateway
        yield


app = FastAPI(title="Trips", lifespan=lifespan)


async def search(path: str) -> int:
    response = await app.state.gateway.get(path)
    response.raise_for_status()
    return int(response.json()["cents"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber) -> Trip:
    try:
        async with asyncio.TaskGroup() as group:
            flight = group.create_task(search(f"/flights/{trip}"))
            hotel = group.create_task(search(f"/hotels/{trip}"))
            car = group.create_task(search(f"/cars/{trip}"))
    except ExceptionGroup as group_error:
        failures, others = group_error.split(httpx.HTTPError)
        if others is not None:
            raise
        raise HTTPException(502, "One of the services has failed.") from failures
    return Trip(trip=trip, flight=flight.result(), hotel=hotel.result(), car=car.result())
