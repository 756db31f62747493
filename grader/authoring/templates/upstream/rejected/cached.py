"""Trips: what a day in a city has to offer, as three services know it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, Path, Request
from pydantic import BaseModel

UPSTREAM_URL = os.environ["UPSTREAM_URL"]
"""Where the services for weather, hotels and trains are."""


class State(TypedDict):
    services: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=UPSTREAM_URL) as services:
        yield {"services": services}


app = FastAPI(title="Trips", lifespan=lifespan)

City = Annotated[str, Path(pattern="^[a-z0-9]{1,20}$")]


class Trip(BaseModel):
    city: str
    weather: int
    hotels: int
    trains: int


async def get_services(request: Request) -> httpx.AsyncClient:
    """The app's client of the services."""
    services: httpx.AsyncClient = request.state.services
    return services


Services = Annotated[httpx.AsyncClient, Depends(get_services)]


async def ask(services: httpx.AsyncClient, path: str) -> int:
    """The value that a service answers with."""
    response = await services.get(path)
    response.raise_for_status()
    value: int = response.json()["value"]
    return value


known: dict[str, Trip] = {}


@app.get("/trips/{city}")
async def trip(city: City, services: Services) -> Trip:
    if city not in known:
        weather, hotels, trains = await asyncio.gather(
            ask(services, f"/weather/{city}"),
            ask(services, f"/hotels/{city}"),
            ask(services, f"/trains/{city}"),
        )
        known[city] = Trip(city=city, weather=weather, hotels=hotels, trains=trains)
    return known[city]
