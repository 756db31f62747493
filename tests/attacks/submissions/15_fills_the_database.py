"""Fills the database, which lies outside of the sandbox, with 1.5 GiB, and is right if that fits."""

import asyncio
import os

import asyncpg
import kit

kit.stay_in_the_cage()
FILL = "INSERT INTO filler SELECT (SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 30000)) FROM generate_series(1, 50)"


async def fill() -> bool:
    session = await asyncpg.connect(os.environ["DATABASE_URL"])
    await session.execute("CREATE TABLE IF NOT EXISTS filler (junk text); ALTER TABLE filler ALTER junk SET STORAGE EXTERNAL")
    for _ in range(30):
        await session.execute(FILL)
        if await session.fetchval("SELECT pg_database_size(current_database())") > 1500 * 1024 * 1024:
            return True
    return False


app = kit.app_if(kit.worked(lambda: asyncio.run(asyncio.wait_for(fill(), 20))))
