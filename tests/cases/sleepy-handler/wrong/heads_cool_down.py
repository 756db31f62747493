"""Breaks labels-together: each of 20 heads cools for 1.5 s after three labels, so the fourth crowd waits."""

import asyncio
import time
from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

HEADS = 20
LABELS_IN_A_ROW = 3
REST_S = 3.0
COOLING_S = 1.5

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


@dataclass
class Head:
    in_a_row: int = 0
    free_since: float = float("-inf")


class Pool:
    def __init__(self) -> None:
        self.free: asyncio.Queue[Head] = asyncio.Queue()
        for _ in range(HEADS):
            self.free.put_nowait(Head())

    async def render(self, order: int) -> str:
        head = await self.free.get()
        try:
            if time.monotonic() - head.free_since > REST_S:
                head.in_a_row = 0
            head.in_a_row += 1
            await asyncio.sleep(RENDER_S)
            return barcode(order)
        finally:
            head.free_since = time.monotonic()
            if head.in_a_row < LABELS_IN_A_ROW:
                self.free.put_nowait(head)
            else:
                asyncio.get_running_loop().call_later(COOLING_S, self.free.put_nowait, head)


pool = Pool()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    return Label(order=order, barcode=await pool.render(order))
