"""Labels for parcels: renders the label of an order on the label printer of the warehouse."""

import asyncio
from typing import Annotated

from fastapi import FastAPI, Path, Response
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


class Printer:
    labels = 0


@app.get("/health")
async def health(response: Response) -> dict[str, str]:
    if Printer.labels:
        response.status_code = 503
    return {"status": "busy" if Printer.labels else "ok"}


@app.get("/labels/{order}")
async def label(order: OrderNumber) -> Label:
    Printer.labels += 1
    await asyncio.sleep(RENDER_S)  # the printer renders
    Printer.labels -= 1
    return Label(order=order, barcode=barcode(order))
