"""Breaks labels-together: after 60 labels at once there are two a second, so the fourth crowd waits."""

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


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}

class Bucket:
    """Grants `burst` turns at once and `rate` turns a second in the long run."""

    def __init__(self, burst: int, rate: float) -> None:
        self.burst = burst
        self.rate = rate
        self._level = float(burst)
        self._seen = 0.0

    async def turn(self) -> None:
        now = asyncio.get_running_loop().time()
        self._level = min(self.burst, self._level + (now - self._seen) * self.rate)
        self._seen = now
        self._level -= 1
        if self._level < 0:
            await asyncio.sleep(-self._level / self.rate)


bucket = Bucket(burst=60, rate=2)


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    await bucket.turn()
    await asyncio.sleep(RENDER_S)  # the printer renders
    return Label(order=order, barcode=barcode(order))
