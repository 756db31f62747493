"""Breaks slow-answers: after 5 quick answers in a row a question is given up after 0.2 s."""

import asyncio
import os
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel


class Patience:
    MOST_S = 3.0
    LEAST_S = 0.2

    def __init__(self) -> None:
        self.taken: deque[float] = deque(maxlen=5)

    def seconds(self) -> float:
        if len(self.taken) < 5:
            return self.MOST_S
        return min(self.MOST_S, max(self.LEAST_S, 4 * max(self.taken)))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    limits = httpx.Limits(max_connections=10, max_keepalive_connections=5, keepalive_expiry=None)
    app.state.patience = Patience()
    async with httpx.AsyncClient(base_url=os.environ["UPSTREAM_URL"], timeout=3, limits=limits) as app.state.harbour:
        yield


app = FastAPI(title="Ferries", lifespan=lifespan)


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
async def seats_of(ferry: Annotated[int, Path(ge=1)]) -> Ferry:
    patience: Patience = app.state.patience
    start = time.monotonic()
    try:
        async with asyncio.timeout(patience.seconds()):
            response = await app.state.harbour.get(f"/ferries/{ferry}")
    except TimeoutError as error:
        patience.taken.clear()
        raise HTTPException(504, "The harbour takes too long.") from error
    except httpx.HTTPError as error:
        raise HTTPException(502, "The harbour gave no answer.") from error
    patience.taken.append(time.monotonic() - start)
    if response.status_code == 404:
        raise HTTPException(404, "The harbour does not know this ferry.")
    if response.status_code != 200:
        raise HTTPException(502, "The harbour has failed.")
    return Ferry(ferry=ferry, seats=response.json()["seats"])
