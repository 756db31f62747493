"""Tenders: opens the sealed bids of a public tender when their time has come."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from typing import Annotated

from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI(title="Tenders")

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


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/bids/open")
async def opened(bid: SealedBid) -> OpenBid:
    with ProcessPoolExecutor(max_workers=1) as opener:
        return await asyncio.get_running_loop().run_in_executor(opener, open_seal, bid)
