"""Ferries: one asynchronous client on the server's own loop; the question of a visitor who has left is stopped."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import anyio
import httpx
from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

LIMITS = httpx.Limits(max_connections=10, max_keepalive_connections=5, keepalive_expiry=None)


class State(TypedDict):
    harbour: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=3.0, limits=LIMITS) as harbour:
        yield {"harbour": harbour}


app = FastAPI(title="Ferries", lifespan=lifespan)


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def question(harbour: httpx.AsyncClient, ferry: int) -> Ferry | HTTPException:
    try:
        response = await harbour.get(f"/ferries/{ferry}")
        if response.status_code == 404:
            return HTTPException(404, "The harbour does not know this ferry.")
        response.raise_for_status()
        return Ferry(ferry=ferry, seats=response.json()["seats"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return HTTPException(502, "The harbour gave no answer.")


@app.get("/ferries/{ferry}")
async def seats_of(ferry: Annotated[int, Path(ge=1)], request: Request) -> Ferry:
    outcome: Ferry | HTTPException = HTTPException(503, "The visitor has left.")

    async with anyio.create_task_group() as group:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            group.cancel_scope.cancel()

        group.start_soon(watch)
        outcome = await question(request.state.harbour, ferry)
        group.cancel_scope.cancel()

    if isinstance(outcome, HTTPException):
        raise outcome
    return outcome
