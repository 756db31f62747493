"""Ferries: how many seats are free, as the harbour's service knows it."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

HARBOUR_URL = os.environ["UPSTREAM_URL"]
"""The harbour's service."""

PATIENCE_S = 20.0
"""After this time a question is given up."""


class Harbour:
    """The harbour's service, for handlers that run in threads: one loop in a thread of its own, to which the client belongs."""

    def __init__(self, portal: BlockingPortal, client: httpx.AsyncClient) -> None:
        self._portal, self._client = portal, client

    def ask(self, ferry: int) -> httpx.Response:
        """What the harbour says about a ferry. Waits for the answer, so never call it on a loop."""
        return self._portal.call(self._client.get, f"/ferries/{ferry}")


class State(TypedDict):
    harbour: Harbour


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with start_blocking_portal() as portal:
        client = httpx.AsyncClient(base_url=HARBOUR_URL, timeout=PATIENCE_S)
        with portal.wrap_async_context_manager(client) as entered:
            yield {"harbour": Harbour(portal, entered)}


app = FastAPI(title="Ferries", lifespan=lifespan)

FerryNumber = Annotated[int, Path(ge=1)]


class Ferry(BaseModel):
    ferry: int
    seats: int


async def get_harbour(request: Request) -> Harbour:
    """The harbour's service."""
    harbour: Harbour = request.state.harbour
    return harbour


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
def seats_of(ferry: FerryNumber, harbour: Annotated[Harbour, Depends(get_harbour)]) -> Ferry:
    response = harbour.ask(ferry)
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "The harbour does not know this ferry.")
    response.raise_for_status()
    return Ferry(ferry=ferry, seats=response.json()["seats"])
