"""Apps for tests of sweeps: for each of three uses a right one, and ways of getting it wrong."""

HEAD = """
import asyncio
import os

import httpx
from fastapi import FastAPI
from fastapi.responses import JSONResponse

app = FastAPI()
POOL = httpx.Limits(max_connections=int(os.environ.get("POOL", "100")))
client = httpx.AsyncClient(
    base_url=os.environ["UPSTREAM_URL"], limits=POOL, timeout=float(os.environ.get("TIMEOUT", "600"))
)


async def ask(path, json=None):
    answer = await client.request("GET" if json is None else "POST", path, json=json)
    answer.raise_for_status()
    return answer.json()["value"]
"""

LEAKS = """
async def ask(path, json=None):
    request = client.build_request("GET" if json is None else "POST", path, json=json)
    answer = await client.send(request, stream=True)
    answer.raise_for_status()
    await answer.aread()
    return answer.json()["value"]
"""

REMEMBERS = """
failed = set()
ask_anew = ask


async def ask(path, json=None):
    if path in failed:
        raise httpx.HTTPError("it failed before")
    try:
        return await ask_anew(path, json)
    except httpx.HTTPError:
        failed.add(path)
        raise
"""

SHARES = """
flights = {}
ask_alone = ask


async def ask(path, json=None):
    if path not in flights:
        flights[path] = asyncio.create_task(ask_alone(path, json))
        flights[path].add_done_callback(lambda flight: flights.pop(path))
    return await asyncio.shield(flights[path])
"""

WRONG = {"leaks": LEAKS, "remembers": REMEMBERS, "shares": SHARES}

SLOW_READER = """
interrupted = []
ask_fast = ask


async def ask(path, json=None):
    value = await ask_fast(path, json)
    try:
        for _ in range(20):
            await asyncio.sleep(0)
    except asyncio.CancelledError:
        interrupted.append(path)
        raise
    return value


@app.get("/interrupted")
async def which():
    return interrupted
"""

TRIPS = """
@app.get("/trips/{trip}")
async def trip(trip: int):
    try:
        async with asyncio.TaskGroup() as tasks:
            found = [tasks.create_task(ask(f"/{name}/{trip}")) for name in ("flights", "hotels", "cars")]
    except ExceptionGroup:
        return JSONResponse({}, 502)
    return [task.result() for task in found]
"""

MORNINGS = """
async def room(person):
    return await ask(f"/rooms/{await ask(f'/meetings/{person}')}")


@app.get("/mornings/{person}")
async def morning(person: int):
    return await asyncio.gather(ask(f"/weather/{person}"), room(person))
"""

PAYMENTS = """
receipts = set()


async def send(payment):
    try:
        await ask(f"/receipts/{payment}", {"mailbox": await ask(f"/owners/{payment}")})
    except httpx.HTTPError:
        pass


@app.post("/payments/{payment}", status_code=202)
async def pay(payment: int):
    receipts.add(task := asyncio.create_task(send(payment)))
    task.add_done_callback(receipts.discard)
"""
