"""Ferries: how many seats are free, as the harbour's service knows it."""

import json
import os
from collections import deque
from http.client import HTTPConnection, HTTPException
from typing import Annotated
from urllib.parse import urlsplit

import fastapi
from fastapi import FastAPI, Path
from pydantic import BaseModel

HARBOUR_URL = os.environ["UPSTREAM_URL"]
"""The harbour's service."""

PATIENCE_S = 20.0
"""After this time a question is given up."""


class Harbour:
    """The harbour's service, for handlers that run in threads."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._idle = deque[HTTPConnection]()

    def ask(self, ferry: int) -> tuple[int, bytes]:
        """Status and body of what the harbour says about a ferry. A connection is kept after a complete answer."""
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = HTTPConnection(self._address, timeout=PATIENCE_S)
        try:
            connection.request("GET", f"/ferries/{ferry}")
            response = connection.getresponse()
            body = response.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return response.status, body


harbour = Harbour(HARBOUR_URL)
app = FastAPI(title="Ferries")

FerryNumber = Annotated[int, Path(ge=1)]


class Ferry(BaseModel):
    ferry: int
    seats: int


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/ferries/{ferry}")
def seats_of(ferry: FerryNumber) -> Ferry:
    try:
        status, body = harbour.ask(ferry)
    except (OSError, HTTPException):
        raise fastapi.HTTPException(502, "The harbour does not answer.") from None
    if status == 404:
        raise fastapi.HTTPException(404, "The harbour does not know this ferry.")
    if status != 200:
        raise fastapi.HTTPException(502, "The harbour has a fault.")
    return Ferry(ferry=ferry, seats=json.loads(body)["seats"])
