"""Seats: how many seats of a show are left."""

import os
from typing import Annotated

import asyncpg
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

DATABASE_URL = os.environ["DATABASE_URL"]
"""The box office's database."""

app = FastAPI(title="Seats")

Show = Annotated[int, Path(ge=1, lt=2**31)]


class Seats(BaseModel):
    show: int
    seats: int


@app.get("/shows/{show}")
async def seats_of(show: Show) -> Seats:
    connection = await asyncpg.connect(DATABASE_URL)
    try:
        seats = await connection.fetchval("SELECT seats FROM shows WHERE show = $1", show)
    finally:
        await connection.close()
    if seats is None:
        raise HTTPException(404, "There is no such show.")
    return Seats(show=show, seats=seats)
