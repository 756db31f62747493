"""Trips: what flight, hotel and car of a trip cost at this moment."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

GATEWAY_URL = os.environ["UPSTREAM_URL"]
"""The travel gateway: it searches flights, hotels and cars for us."""

CONNECTIONS = 12
"""So many connections to the gateway does our contract allow."""

SEARCH_S = 30
"""So long do we wait for a search."""

log = logging.getLogger("trips")


class Trip(BaseModel):
    """Prices in cents."""

    trip: int
    flight: int
    hotel: int
    car: int


class Gateway:
    """The travel gateway: it searches flights, hotels and cars for us."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def price(self, trip: int) -> Trip:
        """The prices of a trip; whatever ends this also ends the searches that it has begun."""
        paths = [f"/{service}/{trip}" for service in ("cars", "hotels", "flights")]
        searches = [asyncio.create_task(self._search(path)) for path in paths]
        try:
            car, hotel, flight = await asyncio.gather(*searches)
        except BaseException:
            for one in searches:
                one.cancel()
            await asyncio.gather(*searches, return_exceptions=True)
            raise
        return Trip(trip=trip, flight=flight, hotel=hotel, car=car)

    async def _search(self, path: str) -> int:
        response = await self._client.get(path)
        response.raise_for_status()
        return int(response.json()["cents"])


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S) as client:
        app.state.gateway = Gateway(client)
        yield


app = FastAPI(title="Trips", lifespan=lifespan)


async def get_gateway(request: Request) -> Gateway:
    gateway: Gateway = request.app.state.gateway
    return gateway


TheGateway = Annotated[Gateway, Depends(get_gateway)]

TripNumber = Annotated[int, Path(ge=1)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: TheGateway) -> Trip:
    try:
        return await gateway.price(trip)
    except httpx.HTTPError as error:
        log.warning("The gateway has failed: %r", error)
        raise HTTPException(502, "One of the services has failed.") from error
