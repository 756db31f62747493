"""Breaks together: "The three searches are under way at the same time."

A service that has failed is asked first by the next visitors, and the other two only once it has answered; an answer
restores the trust. A clever person does this because of the bill: while the cars are down, no hotel is searched in
vain.
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
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S) as gateway:
        app.state.gateway = gateway
        app.state.suspects = set()
        yield


app = FastAPI(title="Trips", lifespan=lifespan)


@app.exception_handler(httpx.HTTPError)
async def gateway_failed(_: Request, error: httpx.HTTPError) -> JSONResponse:
    return JSONResponse({"detail": "One of the services has failed."}, status_code=502)


async def search(service: str, trip: int) -> int:
    suspects: set[str] = app.state.suspects
    try:
        response = await app.state.gateway.get(f"/{service}/{trip}")
        response.raise_for_status()
    except httpx.HTTPError:
        suspects.add(service)
        raise
    suspects.discard(service)
    return int(response.json()["cents"])


async def ask_all(services: list[str], trip: int) -> dict[str, int]:
    tasks: dict[str, asyncio.Task[int]] = {}
    try:
        async with asyncio.TaskGroup() as group:
            for service in services:
                tasks[service] = group.create_task(search(service, trip))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return {service: task.result() for service, task in tasks.items()}


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber) -> Trip:
    services = ["flights", "hotels", "cars"]
    doubtful = [service for service in services if service in app.state.suspects]
    prices = await ask_all(doubtful, trip)
    prices |= await ask_all([service for service in services if service not in prices], trip)
    return Trip(trip=trip, flight=prices["flights"], hotel=prices["hotels"], car=prices["cars"])
