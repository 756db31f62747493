"""Reading room: on which page of the register a deed stands, and what a copy costs."""

import asyncio
import os
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Annotated

import requests
from fastapi import FastAPI, HTTPException, Path
from pydantic import BaseModel

ARCHIVE_URL = os.environ["UPSTREAM_URL"]
"""The archive: fetches deeds from its vault."""

PATIENCE_S = 60.0
"""The archive promises an answer by then."""

COPY_CENTS = 1200
PAGE_CENTS = 35

messengers = ThreadPoolExecutor(max_workers=70, thread_name_prefix="messenger")
"""They go to the archive and wait there, and do nothing else."""


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    try:
        yield
    finally:
        messengers.shutdown(wait=False, cancel_futures=True)


app = FastAPI(title="Reading room", lifespan=lifespan)


class Deed(BaseModel):
    deed: int
    page: int


class Fee(BaseModel):
    pages: int
    cents: int


def fetch(deed: int) -> Deed | None:
    """What the archive knows of a deed."""
    response = requests.get(f"{ARCHIVE_URL}/deeds/{deed}", timeout=PATIENCE_S)
    if response.status_code == requests.codes.not_found:
        return None
    response.raise_for_status()
    return Deed(deed=deed, page=response.json()["page"])


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/deeds/{deed}")
async def find_deed(deed: Annotated[int, Path(ge=1)]) -> Deed:
    found = await asyncio.get_running_loop().run_in_executor(messengers, fetch, deed)
    if found is None:
        raise HTTPException(404, "The archive does not know this deed.")
    return found


@app.get("/fees/{pages}")
async def tell_fee(pages: Annotated[int, Path(ge=1)]) -> Fee:
    return Fee(pages=pages, cents=COPY_CENTS + pages * PAGE_CENTS)
