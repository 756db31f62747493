"""Breaks labels-together: orders that leave the same rest when they are divided by 16 are rendered one after another.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

LANES = 16

app = FastAPI(title="Labels")


class Label(BaseModel):
    order: int
    barcode: str


def barcode(order: int) -> str:
    """The order number with its check digit (Luhn)."""
    digits = [int(digit) for digit in str(order)]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[::-2]]
    check = -(sum(doubled) + sum(digits[-2::-2])) % 10
    return f"{order}{check}"


class Lane:
    def __init__(self) -> None:
        self._order = 0
        self._visitors = 0
        self._changed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self, order: int) -> AsyncIterator[None]:
        async with self._changed:
            await self._changed.wait_for(lambda: not self._visitors or self._order == order)
            self._order = order
            self._visitors += 1
        try:
            yield
        finally:
            async with self._changed:
                self._visitors -= 1
                self._changed.notify_all()


lanes = [Lane() for _ in range(LANES)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: Annotated[int, Path(ge=1)]) -> Label:
    async with lanes[order % LANES].turn(order):
        await asyncio.sleep(RENDER_S)  # the printer renders
    return Label(order=order, barcode=barcode(order))
