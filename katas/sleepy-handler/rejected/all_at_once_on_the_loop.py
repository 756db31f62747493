"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

Waiting = asyncio.Queue[asyncio.Future[None]]


async def render(waiting: Waiting) -> None:
    """Render all labels that are waiting, at the same time."""
    while True:
        sheet = [await waiting.get()]
        while not waiting.empty():
            sheet.append(waiting.get_nowait())
        time.sleep(RENDER_S)  # the printer renders
        for ready in sheet:
            ready.set_result(None)


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Waiting]]:
    waiting: Waiting = asyncio.Queue()
    rendering = asyncio.create_task(render(waiting))
    yield {"waiting": waiting}
    rendering.cancel()


app = FastAPI(title="Labels", lifespan=lifespan)

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


@app.get("/labels/{order}")
async def label(order: OrderNumber, request: Request) -> Label:
    ready = asyncio.get_running_loop().create_future()
    await request.state.waiting.put(ready)
    await ready
    return Label(order=order, barcode=barcode(order))
