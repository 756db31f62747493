"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
from typing import Annotated

from fastapi import FastAPI, HTTPException, Path, Request
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

places = asyncio.Semaphore(20)

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


async def gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber, request: Request) -> Label:
    await places.acquire()
    rendering = asyncio.create_task(asyncio.sleep(RENDER_S))  # the printer renders
    leaving = asyncio.create_task(gone(request))
    await asyncio.wait({rendering, leaving}, return_when=asyncio.FIRST_COMPLETED)
    if leaving.done():
        rendering.cancel()
        raise HTTPException(503, "Nobody waits for this label any more.")
    leaving.cancel()
    places.release()
    return Label(order=order, barcode=barcode(order))
