"""Breaks nobody-disturbed: after three broken answers in a row the client is closed, and with it the questions of those
who wait.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel


class Healing:
    """A client of the harbour that starts anew when it is broken."""

    BROKEN_AFTER = 3

    def __init__(self, url: str) -> None:
        self.url = url
        self.client = self.fresh()
        self.failures = 0

    def fresh(self) -> httpx.AsyncClient:
        limits = httpx.Limits(max_connections=5, max_keepalive_connections=5, keepalive_expiry=None)
        return httpx.AsyncClient(base_url=self.url, timeout=3, limits=limits)

    async def get(self, path: str) -> httpx.Response:
        client = self.client
        try:
            response = await client.get(path)
        except httpx.TransportError:
            if client is self.client:
                self.failures += 1
                if self.failures >= self.BROKEN_AFTER:
                    self.client, self.failures = self.fresh(), 0
                    await client.aclose()
            raise
        self.failures = 0
        return response


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.harbour = Healing(os.environ["UPSTREAM_URL"])
    yield
    await app.state.harbour.client.aclose()


app = FastAPI(title="Ferries", lifespan=lifespan)


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: Annotated[int, Path(ge=1)]) -> Ferry:
    try:
        response = await app.state.harbour.get(f"/ferries/{ferry}")
    except httpx.HTTPError as error:
        raise HTTPException(502, "The harbour gave no answer.") from error
    if response.status_code == 404:
        raise HTTPException(404, "The harbour does not know this ferry.")
    if response.status_code != 200:
        raise HTTPException(502, "The harbour has failed.")
    return Ferry(ferry=ferry, seats=response.json()["seats"])
