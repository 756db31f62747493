"""Parcel tracking: tells where a parcel is, as the carrier's service knows it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path
from pydantic import BaseModel

UPSTREAM_URL = os.environ["UPSTREAM_URL"]
"""The carrier's service."""


class CarrierClient:
    """Makes a client when it is first asked for, gives it to all who ask, and closes it in the end."""

    def __init__(self) -> None:
        self._client: httpx.AsyncClient | None = None

    async def __call__(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(base_url=UPSTREAM_URL)
        return self._client

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()


get_carrier = CarrierClient()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    yield
    await get_carrier.aclose()


app = FastAPI(title="Parcel tracking", lifespan=lifespan)

ParcelNumber = Annotated[int, Path(ge=1)]


class Location(BaseModel):
    parcel: int
    depot: int


Carrier = Annotated[httpx.AsyncClient, Depends(get_carrier)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/parcels/{parcel}")
async def locate(parcel: ParcelNumber, carrier: Carrier) -> Location:
    response = await carrier.get(f"/parcels/{parcel}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The carrier does not know this parcel.")
    response.raise_for_status()
    return Location(parcel=parcel, depot=response.json()["depot"])
