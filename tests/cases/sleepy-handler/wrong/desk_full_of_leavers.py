"""Breaks leavers: visitors who have left are still counted, and from 30 on others are turned away."""

import asyncio
from typing import Annotated

from fastapi import FastAPI, HTTPException, Path, Request, Response
from pydantic import BaseModel

RENDER_S = 0.1
"""The printer needs this long for every label."""

ROOM_FOR = 30
LOOK_S = 0.02

OrderNumber = Annotated[int, Path(ge=1)]

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


class Desk:
    def __init__(self) -> None:
        self.visitors = 0

    async def render(self, request: Request) -> bool:
        """Renders a label, unless the visitor leaves."""
        loop = asyncio.get_running_loop()
        end = loop.time() + RENDER_S
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(left, LOOK_S))
            if await request.is_disconnected():
                return False
        return True


desk = Desk()


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/labels/{order}", response_model=Label)
async def label(order: OrderNumber, request: Request) -> Label | Response:
    if desk.visitors >= ROOM_FOR:
        raise HTTPException(503, "The desk is full.")
    desk.visitors += 1
    if not await desk.render(request):
        return Response(status_code=499)
    desk.visitors -= 1
    return Label(order=order, barcode=barcode(order))
