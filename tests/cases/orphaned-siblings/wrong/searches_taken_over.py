"""Breaks asked-for-each: "each of the three is asked once for each visitor. Nothing is remembered from earlier
visitors".

The searches of a visitor who has left go on, and the next visitor who wants the same trip takes them over instead of
asking. A clever person does this because people reload the page when it takes long, a hotel costs a minute of
computing, and "what becomes of the searches of a visitor who has left is up to you".
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path, Request
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
        app.state.adrift = {}
        yield


app = FastAPI(title="Trips", lifespan=lifespan)


async def search(path: str) -> int:
    response = await app.state.gateway.get(path)
    response.raise_for_status()
    return int(response.json()["cents"])


async def find(trip: int) -> Trip | None:
    try:
        async with asyncio.TaskGroup() as group:
            flight = group.create_task(search(f"/flights/{trip}"))
            hotel = group.create_task(search(f"/hotels/{trip}"))
            car = group.create_task(search(f"/cars/{trip}"))
    except ExceptionGroup:
        return None
    return Trip(trip=trip, flight=flight.result(), hotel=hotel.result(), car=car.result())


async def left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def set_adrift(trip: int, finding: asyncio.Task[Trip | None]) -> None:
    adrift: dict[int, list[asyncio.Task[Trip | None]]] = app.state.adrift
    adrift.setdefault(trip, []).append(finding)

    def forget(_: asyncio.Task[Trip | None]) -> None:
        if finding in adrift.get(trip, []):
            adrift[trip].remove(finding)

    finding.add_done_callback(forget)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, request: Request) -> Trip:
    adrift = app.state.adrift.get(trip)
    finding = adrift.pop() if adrift else asyncio.create_task(find(trip))
    leaving = asyncio.create_task(left(request))
    await asyncio.wait({finding, leaving}, return_when=asyncio.FIRST_COMPLETED)
    leaving.cancel()
    if not finding.done():
        set_adrift(trip, finding)
        raise HTTPException(499, "The visitor has left.")
    found = finding.result()
    if found is None:
        raise HTTPException(502, "One of the services has failed.")
    return found
