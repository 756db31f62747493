"""Seats: how many seats of a show are left."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

DATABASE_URL = make_url(os.environ["DATABASE_URL"]).set(drivername="postgresql+asyncpg")
"""The box office's database."""


class State(TypedDict):
    engine: AsyncEngine


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    engine = create_async_engine(DATABASE_URL, pool_size=5, max_overflow=0)
    yield {"engine": engine}
    await engine.dispose()


app = FastAPI(title="Seats", lifespan=lifespan)

Show = Annotated[int, Path(ge=1, lt=2**31)]


class Seats(BaseModel):
    show: int
    seats: int


@app.get("/shows/{show}")
async def seats_of(show: Show, request: Request) -> Seats:
    async with request.state.engine.connect() as connection:
        seats = await connection.scalar(text("SELECT seats FROM shows WHERE show = :show"), {"show": show})
    if seats is None:
        raise HTTPException(404, "There is no such show.")
    return Seats(show=show, seats=seats)
