"""Tenders: opens the sealed bids of a public tender when their time has come."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing import get_context
from multiprocessing.pool import Pool
from typing import Annotated

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

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


class Openers:
    """Processes that open seals."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def open(self, bid: SealedBid) -> OpenBid:
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[OpenBid] = loop.create_future()

        def hand_over(result: OpenBid) -> None:
            loop.call_soon_threadsafe(opened.set_result, result)

        def give_up(error: BaseException) -> None:
            loop.call_soon_threadsafe(opened.set_exception, error)

        self._pool.apply_async(open_seal, (bid,), callback=hand_over, error_callback=give_up)
        return await asyncio.shield(opened)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    with get_context("spawn").Pool(2) as pool:
        app.state.openers = Openers(pool)
        yield


app = FastAPI(title="Tenders", lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/bids/open")
async def opened(bid: SealedBid, request: Request) -> OpenBid:
    openers: Openers = request.app.state.openers
    return await openers.open(bid)
