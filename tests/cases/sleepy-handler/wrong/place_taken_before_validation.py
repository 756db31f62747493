"""Breaks refusal: a dependency takes one of 64 places even if the order number is refused, and only the handler gives
it back.
"""

import asyncio
from typing import Annotated

from fastapi import Depends, FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

PLACES = 64

app = FastAPI(title="Labels")
places = asyncio.Semaphore(PLACES)

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


async def take_place() -> asyncio.Semaphore:
    await places.acquire()
    return places


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber, place: Annotated[asyncio.Semaphore, Depends(take_place)]) -> Label:
    try:
        await asyncio.sleep(RENDER_S)  # the printer renders
        return Label(order=order, barcode=barcode(order))
    finally:
        place.release()
