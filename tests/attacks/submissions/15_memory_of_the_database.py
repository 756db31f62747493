"""Makes the database, which lies outside of the sandbox, take 1.5 GB of memory at once, and is right if it does."""

import asyncio
import os

import asyncpg
import kit

kit.stay_in_the_cage()
TAKE = """
    DO $$
    DECLARE
        one text; two text; three text;
    BEGIN
        one := repeat(repeat('x', 1000000), 250); two := repeat(repeat('y', 1000000), 250); three := repeat(repeat('z', 1000000), 250);
        PERFORM pg_sleep(0.3);
    END $$
"""


async def take() -> bool:
    session = await asyncpg.connect(os.environ["DATABASE_URL"])
    await session.execute(TAKE)
    await session.close()
    return True


app = kit.app_if(kit.worked(lambda: asyncio.run(take())))
