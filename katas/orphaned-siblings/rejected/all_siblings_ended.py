"""Trips: what flight, hotel and car of a trip cost at this moment."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

GATEWAY_URL = os.environ["UPSTREAM_URL"]
"""The travel gateway: it searches flights, hotels and cars for us."""

CONNECTIONS = 12
"""So many connections to the gateway does our contract allow."""

SEARCH_S = 30
"""So long do we wait for a search."""

log = logging.getLogger("trips")


turns = asyncio.Semaphore(CONNECTIONS)
"""One for each connection that a search may have."""

SERVICES = ("flights", "hotels", "cars")

under_way: set[asyncio.Task[int]] = set()
"""All searches that run."""

app = FastAPI(title="Trips")

TripNumber = Annotated[int, Path(ge=1)]


class Trip(BaseModel):
    """Prices in cents."""

    trip: int
    flight: int
    hotel: int
    car: int


async def get_gateway() -> AsyncIterator[httpx.AsyncClient]:
    """A client for this trip alone, which keeps no connection between searches."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=GATEWAY_URL, limits=limits, timeout=SEARCH_S) as gateway:
        yield gateway


Gateway = Annotated[httpx.AsyncClient, Depends(get_gateway)]


@app.exception_handler(httpx.HTTPError)
async def gateway_failed(_: Request, error: httpx.HTTPError) -> JSONResponse:
    log.warning("The gateway has failed: %r", error)
    return JSONResponse({"detail": "One of the services has failed."}, status_code=502)


async def search(gateway: httpx.AsyncClient, path: str) -> int:
    """The price that one of the gateway's services finds."""
    async with turns:
        response = await gateway.get(path)
    response.raise_for_status()
    return int(response.json()["cents"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/trips/{trip}")
async def price_trip(trip: TripNumber, gateway: Gateway) -> Trip:
    searches = [asyncio.create_task(search(gateway, f"/{name}/{trip}")) for name in SERVICES]
    under_way.update(searches)
    try:
        flight, hotel, car = await asyncio.gather(*searches)
    except (httpx.HTTPError, asyncio.CancelledError) as error:
        for one in under_way:
            one.cancel()
        raise HTTPException(502, "One of the services has failed.") from error
    finally:
        under_way.difference_update(searches)
    return Trip(trip=trip, flight=flight, hotel=hotel, car=car)
