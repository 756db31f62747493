"""Collecting boxes. Threads of their own ask the bank, with the standard library; the event loop alone counts."""

import asyncio
import json
import os
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated
from urllib.error import HTTPError
from urllib.request import urlopen

from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel, StringConstraints

Word = Annotated[str, StringConstraints(pattern="^[a-z0-9-]+$", max_length=40)]
Name = Annotated[str, Path(pattern="^[a-z0-9-]+$", max_length=40)]

app = FastAPI(title="Collecting boxes")
threads = ThreadPoolExecutor(64)
ledger: defaultdict[str, list[int]] = defaultdict(list)
"""The cents of each gift, by box; totals are added up when somebody looks."""
open_boxes: set[str] = set()


class Gift(BaseModel):
    payment: Word


def total(box: str) -> dict[str, str | int]:
    return {"box": box, "gifts": len(ledger[box]), "cents": sum(ledger[box])}


def check_open(box: str) -> None:
    if box not in open_boxes:
        raise HTTPException(404, "There is no such box.")


def ask(payment: str) -> int:
    try:
        with urlopen(f"{os.environ['UPSTREAM_URL']}/payments/{payment}", timeout=30) as response:
            return int(json.load(response)["cents"])
    except HTTPError as error:
        with error:
            status = 404 if error.code == 404 else 502
        raise HTTPException(status, "The bank says no.") from None


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.put("/boxes/{box}")
async def open_box(box: Name) -> dict[str, str | int]:
    open_boxes.add(box)
    return total(box)


@app.get("/boxes/{box}")
async def read_box(box: Name) -> dict[str, str | int]:
    check_open(box)
    return total(box)


@app.post("/boxes/{box}/gifts")
async def give(box: Name, gift: Gift) -> dict[str, str | int]:
    check_open(box)
    cents = await asyncio.get_running_loop().run_in_executor(threads, ask, gift.payment)
    ledger[box].append(cents)
    return {"payment": gift.payment, "cents": cents}
