"""Ferries: how many seats are free, as the harbour's service knows it."""

import os
import threading
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

HARBOUR_URL = os.environ["UPSTREAM_URL"]
"""The harbour's service."""

PATIENCE_S = 20.0
"""After this time a question is given up."""


class Harbour(threading.local):
    """The harbour's service, for handlers that run in threads: each thread has a client, which lives as long as it does."""

    def __init__(self) -> None:
        self._client = httpx.Client(base_url=HARBOUR_URL, timeout=PATIENCE_S)

    def ask(self, ferry: int) -> httpx.Response:
        """What the harbour says about a ferry."""
        return self._client.get(f"/ferries/{ferry}")


harbour = Harbour()
app = FastAPI(title="Ferries")

FerryNumber = Annotated[int, Path(ge=1)]


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
def seats_of(ferry: FerryNumber) -> Ferry:
    response = harbour.ask(ferry)
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The harbour does not know this ferry.")
    response.raise_for_status()
    return Ferry(ferry=ferry, seats=response.json()["seats"])
