"""Ferries: how many seats are free, as the harbour's service knows it."""

import asyncio
import os
import ssl
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

HARBOUR_URL = os.environ["UPSTREAM_URL"]
"""The harbour's service."""

PATIENCE_S = 20.0
"""After this time a question is given up."""

CERTIFICATES = ssl.create_default_context()
"""Read once, because that takes longest."""

app = FastAPI(title="Ferries")

FerryNumber = Annotated[int, Path(ge=1)]


class Ferry(BaseModel):
    ferry: int
    seats: int


async def ask(ferry: int) -> httpx.Response:
    """What the harbour says about a ferry."""
    async with httpx.AsyncClient(base_url=HARBOUR_URL, timeout=PATIENCE_S, verify=CERTIFICATES) as harbour:
        return await harbour.get(f"/ferries/{ferry}")


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
def seats_of(ferry: FerryNumber) -> Ferry:
    response = asyncio.run(ask(ferry))
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The harbour does not know this ferry.")
    response.raise_for_status()
    return Ferry(ferry=ferry, seats=response.json()["seats"])
