"""Tickets: prints the ticket of a visitor."""

import time
from typing import Annotated

from fastapi import FastAPI, Path
from pydantic import BaseModel

PRINT_S = 0.1
"""The printer needs this long for every ticket."""

app = FastAPI(title="Tickets")

TicketNumber = Annotated[int, Path(ge=1)]


class Ticket(BaseModel):
    number: int
    check: int


@app.get("/tickets/{number}")
async def ticket(number: TicketNumber) -> Ticket:
    time.sleep(PRINT_S)  # the printer prints
    return Ticket(number=number, check=number % 97)
