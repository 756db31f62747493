"""Fills the database, which lies outside of the sandbox, with 400 MiB in a few seconds, and is right if that fits."""

import asyncio
import os
import time

import asyncpg
import kit

kit.stay_in_the_cage()
MIB = 1024 * 1024
FILL = "INSERT INTO filler SELECT repeat(md5(random()::text), 31250) FROM generate_series(1, 30)"


async def fill() -> bool:
    session = await asyncpg.connect(os.environ["DATABASE_URL"])
    try:
        await session.execute("CREATE TABLE IF NOT EXISTS filler (junk text); ALTER TABLE filler ALTER junk SET STORAGE EXTERNAL")
    except asyncpg.PostgresError as error:  # the other worker was first
        print(error)
    until = time.monotonic() + 3.5
    size_bytes = 0
    while size_bytes < 400 * MIB and time.monotonic() < until:
        await session.execute(FILL)
        size_bytes = await session.fetchval("SELECT pg_database_size(current_database())")
    print(size_bytes // MIB)
    return size_bytes > 400 * MIB


app = kit.app_if(kit.worked(lambda: asyncio.run(fill())))
