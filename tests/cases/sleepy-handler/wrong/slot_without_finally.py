"""Breaks refusal: a dependency lends 40 slots, and takes none back after a refusal."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

app = FastAPI(title="Labels")

OrderNumber = Annotated[int, Path(ge=1)]


class Label(BaseModel):
    order: int
    barcode: str


def barcode(order: int) -> str:
    """The order number with its check digit (Luhn)."""
    digits = [int(digit) for digit in str(order)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[::-2]]
    check = -(sum(doubled) + sum(digits[-2::-2])) % 10
    return f"{order}{check}"


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


slots = asyncio.Semaphore(40)


async def slot() -> AsyncIterator[None]:
    await slots.acquire()
    yield
    slots.release()


@app.get("/labels/{order}", dependencies=[Depends(slot)])
async def label(order: OrderNumber) -> Label:
    await asyncio.sleep(RENDER_S)
    return Label(order=order, barcode=barcode(order))
