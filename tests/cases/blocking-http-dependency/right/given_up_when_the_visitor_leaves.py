"""Doors: opens them for people. AnyIO: the question is given up as soon as the visitor has left."""

import os
from dataclasses import dataclass
from typing import Annotated

import anyio
import httpx
from fastapi import Depends, FastAPI, Header, HTTPException, Path, Request
from pydantic import BaseModel, ValidationError

BADGES_URL = os.environ["UPSTREAM_URL"]
"""The badge service: knows whose badge it is, and which were handed back."""

PATIENCE_S = 20.0
"""The badge service promises an answer by then."""

app = FastAPI(title="Doors")

DoorNumber = Annotated[int, Path(ge=1)]
BadgeNumber = Annotated[str, Header(pattern="^[0-9]{1,12}$")]


class Opened(BaseModel):
    door: int
    person: int


class Holder(BaseModel):
    person: int


@dataclass
class Verdict:
    status: int = 503
    text: str = "The visitor has left."
    person: int = 0


class BadgeService:
    def __init__(self) -> None:
        self.limiter = anyio.CapacityLimiter(20)
        self.client = httpx.AsyncClient(
            base_url=BADGES_URL,
            timeout=None,
            trust_env=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )

    async def ask(self, badge: str) -> Verdict:
        async with self.limiter:
            try:
                with anyio.fail_after(PATIENCE_S):
                    response = await self.client.get(f"/badges/{badge}")
            except TimeoutError:
                return Verdict(504, "The badge service is too slow.")
            except httpx.HTTPError as error:
                return Verdict(502, repr(error))
        if response.status_code == 404:
            return Verdict(403, "Nobody holds this badge.")
        if response.status_code != 200:
            return Verdict(502, "The badge service failed.")
        try:
            return Verdict(200, "", Holder.model_validate_json(response.content).person)
        except ValidationError:
            return Verdict(500, "The badge service talks nonsense.")


service = BadgeService()


async def departure(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def get_person(request: Request, x_badge: BadgeNumber) -> int:
    """The number of the person who holds this badge."""
    verdict = Verdict()

    async def watch() -> None:
        await departure(request)
        group.cancel_scope.cancel()

    async with anyio.create_task_group() as group:
        group.start_soon(watch)
        verdict = await service.ask(x_badge)
        group.cancel_scope.cancel()
    if verdict.status != 200:
        raise HTTPException(verdict.status, verdict.text)
    return verdict.person


Person = Annotated[int, Depends(get_person)]


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


@app.post("/doors/{door}")
async def open_door(door: DoorNumber, person: Person) -> Opened:
    return Opened(door=door, person=person)
