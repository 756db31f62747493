"""Parcel tracking: tells where a parcel is, as the carrier's service knows it."""

import os
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path
from pydantic import BaseModel

UPSTREAM_URL = os.environ["UPSTREAM_URL"]
"""The carrier's service."""

app = FastAPI(title="Parcel tracking")

ParcelNumber = Annotated[int, Path(ge=1)]


class Location(BaseModel):
    parcel: int
    depot: int


async def get_carrier() -> httpx.AsyncClient:
    """A client of the carrier's service."""
    return httpx.AsyncClient(base_url=UPSTREAM_URL)


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
