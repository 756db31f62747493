"""Breaks rendered-anew: whoever comes while another order's label renders is put on the same sheet."""

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


class Sheet:
    def __init__(self) -> None:
        self.orders: set[int] = set()
        self.task = asyncio.create_task(self._render())

    async def _render(self) -> dict[int, str]:
        await asyncio.sleep(RENDER_S)
        return {order: barcode(order) for order in self.orders}

    def takes(self, order: int) -> bool:
        return not self.task.done() and order not in self.orders


class Printer:
    def __init__(self) -> None:
        self.sheet: Sheet | None = None

    async def render(self, order: int) -> str:
        if self.sheet is None or not self.sheet.takes(order):
            self.sheet = Sheet()
        sheet = self.sheet
        sheet.orders.add(order)
        return (await asyncio.shield(sheet.task))[order]


printer = Printer()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    return Label(order=order, barcode=await printer.render(order))
