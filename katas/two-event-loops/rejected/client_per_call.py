"""Ferries: how many seats are free, as the harbour's service knows it."""

import asyncio
import os
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

HARBOUR_URL = os.environ["UPSTREAM_URL"]
"""The harbour's service."""

PATIENCE_S = 20.0
"""The harbour promises an answer by then."""

app = FastAPI(title="Ferries")

FerryNumber = Annotated[int, Path(ge=1)]


class Ferry(BaseModel):
    ferry: int
    seats: int


async def ask(ferry: int) -> httpx.Response:
    """What the harbour says about a ferry."""
    async with httpx.AsyncClient(base_url=HARBOUR_URL, timeout=PATIENCE_S) as harbour:
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
