"""Doors: opens them for people. The badge is looked up in a plain `def` dependency, so in one of FastAPI's threads."""

import http.client
import json
import os
from contextlib import closing
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, FastAPI, Header, HTTPException, Path
from pydantic import BaseModel

SERVICE = urlsplit(os.environ["UPSTREAM_URL"])
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


class Unknown(Exception):
    pass


class Line:
    """A connection for one question."""

    def __init__(self) -> None:
        kind = http.client.HTTPSConnection if SERVICE.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(SERVICE.hostname, SERVICE.port, timeout=PATIENCE_S)

    def close(self) -> None:
        self.connection.close()

    def person(self, badge: str) -> int:
        self.connection.request("GET", f"{SERVICE.path.rstrip('/')}/badges/{badge}", headers={"Connection": "close"})
        with self.connection.getresponse() as response:
            if response.status == http.client.NOT_FOUND:
                raise Unknown
            if response.status != http.client.OK:
                raise http.client.HTTPException(f"status {response.status}")
            return int(json.loads(response.read())["person"])


def get_person(x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    with closing(Line()) as line:
        try:
            return line.person(x_badge)
        except Unknown:
            raise HTTPException(403, "Nobody holds this badge.") from None
        except TimeoutError:
            raise HTTPException(504, "The badge service is too slow.") from None
        except (OSError, http.client.HTTPException, ValueError, LookupError, TypeError) as error:
            raise HTTPException(502, f"The badge service failed: {error!r}") from error


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
