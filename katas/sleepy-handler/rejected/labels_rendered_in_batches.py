"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
from typing import Annotated

from fastapi import FastAPI, Path
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


class Batch:
    """Labels that the printer renders together."""

    def __init__(self) -> None:
        self.orders: list[int] = []
        self.rendering = asyncio.create_task(asyncio.sleep(RENDER_S))  # the printer renders

    def has_room_for(self, order: int) -> bool:
        return not self.rendering.done() and order not in self.orders


current: list[Batch] = []


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    if not current or not current[-1].has_room_for(order):
        current[:] = [Batch()]
    batch = current[-1]
    batch.orders.append(order)
    await asyncio.shield(batch.rendering)
    return Label(order=order, barcode=barcode(order))
