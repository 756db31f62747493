"""Breaks leavers: the early return for visitors who have left keeps their slots, of which there are 20."""

import asyncio
import time
from typing import Annotated

from fastapi import FastAPI, Path, Request, Response
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


slots = asyncio.Semaphore(20)


@app.get("/labels/{order}", response_model=Label)
async def label(order: OrderNumber, request: Request):
    await slots.acquire()
    ready_at = time.monotonic() + RENDER_S
    while (left := ready_at - time.monotonic()) > 0:
        await asyncio.sleep(min(left, 0.02))
        if await request.is_disconnected():
            return Response(status_code=499)
    slots.release()
    return Label(order=order, barcode=barcode(order))
