"""Labels for parcels: the printer blocks, so it gets threads of its own."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
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


printers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="printer")


def render(order: int) -> Label:
    time.sleep(RENDER_S)
    return Label(order=order, barcode=barcode(order))


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    return await asyncio.get_running_loop().run_in_executor(printers, render, order)
