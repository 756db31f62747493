"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
from collections import defaultdict
from typing import Annotated

from fastapi import FastAPI, Path, Request
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


rendering: defaultdict[int, set[asyncio.Task[None]]] = defaultdict(set)


async def stop_when_gone(request: Request, order: int) -> None:
    """When the visitor leaves, nobody needs the label of this order."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    for task in rendering[order]:
        task.cancel()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber, request: Request) -> Label:
    mine = asyncio.create_task(asyncio.sleep(RENDER_S))  # the printer renders
    rendering[order].add(mine)
    watching = asyncio.create_task(stop_when_gone(request, order))
    try:
        await mine
    finally:
        watching.cancel()
        rendering[order].discard(mine)
    return Label(order=order, barcode=barcode(order))
