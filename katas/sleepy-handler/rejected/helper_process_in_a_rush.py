"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

RUSH = 10

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


class Rush:
    """Barcodes that a second process computes while many labels render, so that the first one stays free."""

    def __init__(self) -> None:
        self.labels = 0
        self.helper: ProcessPoolExecutor | None = None

    async def barcode(self, order: int) -> str:
        if self.labels < RUSH:
            return barcode(order)
        if self.helper is None:
            self.helper = ProcessPoolExecutor(1, get_context("fork"))
        return await asyncio.get_running_loop().run_in_executor(self.helper, barcode, order)


rush = Rush()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    rush.labels += 1
    try:
        await asyncio.sleep(RENDER_S)  # the printer renders
        return Label(order=order, barcode=await rush.barcode(order))
    finally:
        rush.labels -= 1
