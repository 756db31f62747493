"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated, TypedDict

from fastapi import FastAPI, Path, Request
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

PRINTERS = 20
"""Labels are rendered in so many threads."""


class State(TypedDict):
    printers: ThreadPoolExecutor


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with ThreadPoolExecutor(PRINTERS, thread_name_prefix="printer") as printers:
        yield {"printers": printers}


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
    printers: ThreadPoolExecutor = request.state.printers
    await asyncio.get_running_loop().run_in_executor(printers, time.sleep, RENDER_S)
    return Label(order=order, barcode=barcode(order))
