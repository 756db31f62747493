"""Tenders: opens the sealed bids of a public tender when their time has come."""

import asyncio
import multiprocessing
import os
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, Request
from pydantic import BaseModel, Field

WORKERS = os.cpu_count() or 1
"""So many processes open bids."""


class State(TypedDict):
    workers: ProcessPoolExecutor


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    # Not forked: a forked process would inherit the server's sockets and signal handlers.
    spawn = multiprocessing.get_context("spawn")
    # A pool starts a process only when none is idle. Until all have been started, none may become idle.
    all_started = spawn.Event()
    loop = asyncio.get_running_loop()
    with ProcessPoolExecutor(WORKERS, mp_context=spawn, initializer=all_started.wait) as workers:
        first_jobs = [loop.run_in_executor(workers, os.getpid) for _ in range(WORKERS)]
        all_started.set()
        await asyncio.gather(*first_jobs)
        yield {"workers": workers}


app = FastAPI(title="Tenders", lifespan=lifespan)

Hex = Annotated[str, Field(pattern="^[1-9a-f][0-9a-f]{0,255}$")]


class SealedBid(BaseModel):
    """A time lock: the seal is squared again and again, each time modulo the same number. There is no shortcut."""

    modulus: Hex
    seal: Hex
    squarings: Annotated[int, Field(ge=1, le=10_000_000)]


class OpenBid(BaseModel):
    key: str


def open_seal(bid: SealedBid) -> OpenBid:
    """The key to a bid; takes as long as its bidder wanted it to take."""
    modulus, key = int(bid.modulus, 16), int(bid.seal, 16)
    for _ in range(bid.squarings):
        key = key * key % modulus
    return OpenBid(key=f"{key:x}")


async def get_workers(request: Request) -> ProcessPoolExecutor:
    """The app's processes that compute."""
    workers: ProcessPoolExecutor = request.state.workers
    return workers


Workers = Annotated[ProcessPoolExecutor, Depends(get_workers)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/bids/open")
async def opened(bid: SealedBid, workers: Workers) -> OpenBid:
    return await asyncio.get_running_loop().run_in_executor(workers, open_seal, bid)
