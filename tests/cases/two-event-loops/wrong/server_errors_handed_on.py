"""Breaks failures-told: a status of the harbour from 500 on is handed on as it is, such as 501, 505, 507 or 599."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel


class State(TypedDict):
    harbour: httpx.AsyncClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=10, max_keepalive_connections=5, keepalive_expiry=None)
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=3, limits=limits) as harbour:
        yield {"harbour": harbour}


app = FastAPI(title="Ferries", lifespan=lifespan)


class Ferry(BaseModel):
    ferry: int
    seats: int


async def get_harbour(request: Request) -> httpx.AsyncClient:
    harbour: httpx.AsyncClient = request.state.harbour
    return harbour


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(
    ferry: Annotated[int, Path(ge=1)], harbour: Annotated[httpx.AsyncClient, Depends(get_harbour)]
) -> Ferry:
    try:
        response = await harbour.get(f"/ferries/{ferry}")
        response.raise_for_status()
    except httpx.HTTPStatusError as error:
        status = error.response.status_code
        if status == 404 or status >= 500:
            raise HTTPException(status, "The harbour says no.") from error
        raise HTTPException(502, "The harbour did not like the question.") from error
    except httpx.HTTPError as error:
        raise HTTPException(503, "The harbour gave no answer.") from error
    return Ferry(ferry=ferry, seats=response.json()["seats"])
