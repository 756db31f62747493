"""Never ends the start of its lifespan, and computes meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    while True:
        pass
    yield


app = FastAPI(lifespan=lifespan)
