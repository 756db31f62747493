"""Breaks health-meanwhile: a lock for readers and writers lets the health check wait until no label renders."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

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


class Printer:
    def __init__(self) -> None:
        self._labels = 0
        self._free = asyncio.Condition()

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        async with self._free:
            self._labels += 1
        try:
            yield
        finally:
            async with self._free:
                self._labels -= 1
                if not self._labels:
                    self._free.notify_all()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._free:
            await self._free.wait_for(lambda: not self._labels)
            yield


printer = Printer()


@app.get("/health")
async def health() -> dict[str, str]:
    async with printer.alone():
        return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: Annotated[int, Path(ge=1)]) -> Label:
    async with printer.shared():
        await asyncio.sleep(RENDER_S)  # the printer renders
    return Label(order=order, barcode=barcode(order))
