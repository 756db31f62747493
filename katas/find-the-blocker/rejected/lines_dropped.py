"""Tool room of a shipyard: lends tools to the people who work there, and keeps a journal of it."""

import json
import logging
import os
import queue
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from logging.handlers import QueueHandler, QueueListener
from typing import Annotated, TypedDict

import httpx
from fastapi import Depends, FastAPI, HTTPException, Path, Request
from pydantic import BaseModel, Field

DIRECTORY_URL = os.environ["UPSTREAM_URL"]
"""The directory: knows who has which badge."""

PATIENCE_S = 30
"""There are hours when it is slow."""


# ---- the journal ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Holder:
    """Somebody who has a tool, by the badge; the directory knows the name."""

    badge: int
    directory: httpx.Client

    @property
    def name(self) -> str:
        return name_in(self.directory.get(f"/people/{self.badge}"))


def as_json(value: object) -> object:
    """How the journal writes what JSON has no form for."""
    if isinstance(value, Holder):
        return {"badge": value.badge, "name": value.name}
    raise TypeError(f"no form for {value!r}")


class JournalFormatter(logging.Formatter):
    """One JSON object a line, as the auditors want it."""

    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"event": record.getMessage(), **record.__dict__["facts"]}, default=as_json)


log = logging.getLogger("journal")
log.setLevel(logging.INFO)
log.propagate = False
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JournalFormatter())


class LeakyHandler(QueueHandler):
    """Rather loses a line than the memory of the server, when the directory is slow."""

    def enqueue(self, record: logging.LogRecord) -> None:
        with suppress(queue.Full):
            super().enqueue(record)


waiting: queue.Queue[logging.LogRecord] = queue.Queue(maxsize=4)
log.addHandler(LeakyHandler(waiting))


@dataclass
class Journal:
    """What one request has to put on record."""

    entries: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def note(self, event: str, **facts: object) -> None:
        self.entries.append((event, facts))

    def write(self) -> None:
        for event, facts in self.entries:
            log.info(event, extra={"facts": facts})


async def get_journal() -> AsyncIterator[Journal]:
    """The journal of this request; it is written when the request has succeeded."""
    journal = Journal()
    yield journal
    journal.write()


# ---- the tool room ----------------------------------------------------------------------------------------------------


class State(TypedDict):
    people: httpx.AsyncClient
    directory: httpx.Client


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[State]:
    with httpx.Client(base_url=DIRECTORY_URL, timeout=PATIENCE_S) as directory:
        writer = QueueListener(waiting, handler)
        writer.start()
        async with httpx.AsyncClient(base_url=DIRECTORY_URL, timeout=PATIENCE_S) as people:
            yield {"people": people, "directory": directory}
        writer.stop()


app = FastAPI(title="Tool room", lifespan=lifespan)

ToolNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[int, Path(ge=1)]


class Wish(BaseModel):
    badge: Annotated[int, Field(ge=1)]


class Tool(BaseModel):
    """A tool and the badge of who has it; None when it hangs in its place."""

    tool: int
    badge: int | None


class Loan(BaseModel):
    tool: int
    badge: int
    name: str


class Person(BaseModel):
    badge: int
    name: str
    tools: list[int]


class Stocktaking(BaseModel):
    missing: int


loans: dict[int, int] = {}
"""The badge of who has it, by tool; this process is the only one that lends."""


async def get_people(request: Request) -> httpx.AsyncClient:
    """The app's client of the directory."""
    people: httpx.AsyncClient = request.state.people
    return people


Entries = Annotated[Journal, Depends(get_journal)]
People = Annotated[httpx.AsyncClient, Depends(get_people)]


def name_in(response: httpx.Response) -> str:
    """The name in an answer of the directory."""
    if response.status_code == httpx.codes.NOT_FOUND:
        raise HTTPException(404, "Nobody has this badge.")
    response.raise_for_status()
    name: str = response.json()["name"]
    return name


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.get("/tools/{tool}")
async def show_tool(tool: ToolNumber) -> Tool:
    return Tool(tool=tool, badge=loans.get(tool))


@app.get("/loans")
async def list_loans() -> list[Tool]:
    return [Tool(tool=tool, badge=badge) for tool, badge in sorted(loans.items())]


@app.post("/tools/{tool}/loans", status_code=201)
async def lend(tool: ToolNumber, wish: Wish, people: People, journal: Entries) -> Loan:
    name = name_in(await people.get(f"/people/{wish.badge}"))
    if tool in loans:
        raise HTTPException(409, "Somebody has this tool.")
    loans[tool] = wish.badge
    journal.note("lent", tool=tool, badge=wish.badge)
    return Loan(tool=tool, badge=wish.badge, name=name)


@app.delete("/tools/{tool}/loans")
async def take_back(tool: ToolNumber, journal: Entries) -> Tool:
    badge = loans.pop(tool, None)
    if badge is None:
        raise HTTPException(404, "Nobody has this tool.")
    journal.note("returned", tool=tool, badge=badge)
    return Tool(tool=tool, badge=None)


@app.get("/people/{badge}")
async def show_person(badge: BadgeNumber, people: People) -> Person:
    name = name_in(await people.get(f"/people/{badge}"))
    return Person(badge=badge, name=name, tools=sorted(tool for tool, holder in loans.items() if holder == badge))


@app.post("/stocktakings")
async def take_stock(request: Request, journal: Entries) -> Stocktaking:
    for tool, badge in sorted(loans.items()):
        journal.note("missing", tool=tool, holder=Holder(badge, request.state.directory))
    return Stocktaking(missing=len(loans))
