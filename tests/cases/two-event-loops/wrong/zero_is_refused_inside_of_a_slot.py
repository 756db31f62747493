"""Breaks refusal: `0` and `-3` are looked at only inside of the slots, which 5 waiting visitors hold."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

import httpx
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel

AT_ONCE = 5


class State(TypedDict):
    harbour: httpx.AsyncClient
    slots: asyncio.Semaphore


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    limits = httpx.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE, keepalive_expiry=None)
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=3, limits=limits) as harbour:
        yield {"harbour": harbour, "slots": asyncio.Semaphore(AT_ONCE)}


app = FastAPI(title="Ferries", lifespan=lifespan)


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: int, request: Request) -> Ferry:
    async with request.state.slots:
        if ferry < 1:
            raise HTTPException(422, "There is no such ferry.")
        try:
            response = await request.state.harbour.get(f"/ferries/{ferry}")
        except httpx.HTTPError as error:
            raise HTTPException(502, "The harbour gave no answer.") from error
    if response.status_code == 404:
        raise HTTPException(404, "The harbour does not know this ferry.")
    if response.status_code != 200:
        raise HTTPException(502, "The harbour has failed.")
    return Ferry(ferry=ferry, seats=response.json()["seats"])
