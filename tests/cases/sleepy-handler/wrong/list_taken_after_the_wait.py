"""Breaks rendered-anew: whoever comes while others' labels render is put on their list, and gets the label with them.
"""

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


class Printer:
    def __init__(self) -> None:
        self.waiting: list[tuple[int, asyncio.Future[Label]]] = []
        self.task: asyncio.Task[None] | None = None

    async def ask(self, order: int) -> Label:
        answer: asyncio.Future[Label] = asyncio.get_running_loop().create_future()
        self.waiting.append((order, answer))
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self.print_batch())
        return await answer

    async def print_batch(self) -> None:
        await asyncio.sleep(RENDER_S)
        batch, self.waiting = self.waiting, []
        self.task = None
        for order, answer in batch:
            if not answer.done():
                answer.set_result(Label(order=order, barcode=barcode(order)))


printer = Printer()


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    return await printer.ask(order)
