"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

jobs, to_printer = os.pipe()
from_printer, ready_jobs = os.pipe()
waiting: dict[int, asyncio.Future[None]] = {}


def render(number: int) -> None:
    time.sleep(RENDER_S)  # the printer renders
    os.write(ready_jobs, bytes([number]))


def printer() -> None:
    """Renders labels in a process of its own."""
    os.close(to_printer)
    while numbers := os.read(jobs, 4096):
        for number in numbers:
            threading.Thread(target=render, args=[number], daemon=True).start()


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    if os.fork() == 0:
        printer()
        os._exit(0)
    asyncio.get_running_loop().add_reader(from_printer, done)
    yield
    os.close(to_printer)
    os.wait()


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


def done() -> None:
    """Tell those who wait whose labels are ready."""
    for number in os.read(from_printer, 4096):
        ready = waiting.pop(number)
        if not ready.done():
            ready.set_result(None)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    number = next(number for number in range(256) if number not in waiting)
    waiting[number] = asyncio.get_running_loop().create_future()
    os.write(to_printer, bytes([number]))
    await waiting[number]
    return Label(order=order, barcode=barcode(order))
