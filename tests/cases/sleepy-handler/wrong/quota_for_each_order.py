"""Breaks labels-together: each of an order's 20 places rests for 3 s after its label, so a second crowd for the same
order waits.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

QUOTA = 20
REST_S = 3.0

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


class Quota:
    def __init__(self) -> None:
        self.places: dict[int, asyncio.Semaphore] = {}
        self.users: dict[int, int] = {}

    @asynccontextmanager
    async def place(self, order: int) -> AsyncIterator[None]:
        places = self.places.setdefault(order, asyncio.Semaphore(QUOTA))
        self.users[order] = self.users.get(order, 0) + 1
        try:
            await places.acquire()
        except BaseException:
            self.leave(order)
            raise
        try:
            yield
        finally:
            asyncio.get_running_loop().call_later(REST_S, self.give_back, order)

    def give_back(self, order: int) -> None:
        self.places[order].release()
        self.leave(order)

    def leave(self, order: int) -> None:
        self.users[order] -= 1
        if not self.users[order]:
            del self.users[order], self.places[order]


quota = Quota()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    async with quota.place(order):
        await asyncio.sleep(RENDER_S)
    return Label(order=order, barcode=barcode(order))
