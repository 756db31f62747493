"""Labels for parcels: the printer is asked gently, one start every 0.017 s, by callbacks of the loop."""

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
    """Spreads the starts of a crowd over 0.32 s; nobody waits longer than that for his start."""

    SPACING_S = 0.017
    PLACES = 20

    def __init__(self) -> None:
        self.waiting = 0

    def ask(self, order: int) -> asyncio.Future[Label]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Label] = loop.create_future()
        place = min(self.waiting, self.PLACES - 1)
        self.waiting += 1
        loop.call_later(place * self.SPACING_S, self.start, order, answer)
        return answer

    def start(self, order: int, answer: asyncio.Future[Label]) -> None:
        asyncio.get_running_loop().call_later(RENDER_S, self.finish, order, answer)

    def finish(self, order: int, answer: asyncio.Future[Label]) -> None:
        self.waiting -= 1
        if not answer.done():
            answer.set_result(Label(order=order, barcode=barcode(order)))


printer = Printer()


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    return await printer.ask(order)
