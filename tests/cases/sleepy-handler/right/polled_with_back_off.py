"""Labels for parcels: a visitor's label is polled for, and given up when the visitor has gone."""

import time
from typing import Annotated

import anyio
from fastapi import FastAPI, Path, Request, Response
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


class Job:
    """One label at the printer, for one visitor."""

    def __init__(self, order: int) -> None:
        self.order = order
        self.ready_at = time.monotonic() + RENDER_S

    @property
    def left(self) -> float:
        return self.ready_at - time.monotonic()

    def result(self) -> Label:
        return Label(order=self.order, barcode=barcode(self.order))


@app.get("/labels/{order}", response_model=Label)
async def label(order: OrderNumber, request: Request):
    job = Job(order)
    pause = 0.005
    while (left := job.left) > 0:
        await anyio.sleep(min(pause, left))
        pause = min(pause * 2, 0.04)
        if await request.is_disconnected():
            return Response(status_code=499)
    return job.result()
