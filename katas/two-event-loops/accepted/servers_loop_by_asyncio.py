"""Ferries: how many seats are free, as the harbour's service knows it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

HARBOUR_URL = os.environ["UPSTREAM_URL"]
"""The harbour's service."""

PATIENCE_S = 20.0
"""After this time a question is given up."""


class Ferry(BaseModel):
    ferry: int
    seats: int


@dataclass(frozen=True)
class Harbour:
    """The harbour's service for handlers that run in threads: asks it on the loop to which the client belongs."""

    client: httpx.AsyncClient
    loop: asyncio.AbstractEventLoop

    def ask(self, ferry: int) -> httpx.Response:
        """What the harbour says about a ferry. Waits for the answer, so never call it on a loop."""
        question = self.client.get(f"/ferries/{ferry}")
        return asyncio.run_coroutine_threadsafe(question, self.loop).result()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with httpx.AsyncClient(base_url=HARBOUR_URL, timeout=PATIENCE_S) as client:
        app.state.harbour = Harbour(client, asyncio.get_running_loop())
        yield


app = FastAPI(title="Ferries", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
def seats_of(ferry: Annotated[int, Path(ge=1)], request: Request) -> Ferry:
    response = request.app.state.harbour.ask(ferry)
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The harbour does not know this ferry.")
    response.raise_for_status()
    return Ferry(ferry=ferry, seats=response.json()["seats"])
