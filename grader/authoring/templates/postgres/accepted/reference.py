"""Seats: how many seats of a show are left."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

import asyncpg
from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

DATABASE_URL = os.environ["DATABASE_URL"]
"""The box office's database."""


class State(TypedDict):
    pool: asyncpg.Pool


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    async with asyncpg.create_pool(DATABASE_URL, min_size=1, max_size=5) as pool:
        yield {"pool": pool}


app = FastAPI(title="Seats", lifespan=lifespan)

Show = Annotated[int, Path(ge=1, lt=2**31)]


class Seats(BaseModel):
    show: int
    seats: int


@app.get("/shows/{show}")
async def seats_of(show: Show, request: Request) -> Seats:
    seats = await request.state.pool.fetchval("SELECT seats FROM shows WHERE show = $1", show)
    if seats is None:
        raise HTTPException(404, "There is no such show.")
    return Seats(show=show, seats=seats)
