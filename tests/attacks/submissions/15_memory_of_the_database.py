"""Makes the database, which lies outside of the sandbox, take 1.8 GB of memory at once, and is right if it does."""

import asyncio
import os

import asyncpg
import kit

kit.stay_in_the_cage()
TAKE = """
    DO $$
    DECLARE
        held text[] := '{}';
        one text; two text; three text;
    BEGIN
        one := repeat('x', 300000000); two := one || '1'; three := one || '2';
        PERFORM pg_sleep(0.3);
        IF length(two) + length(three) < 0 THEN RAISE EXCEPTION 'no'; END IF;
    END $$
"""


async def take() -> bool:
    async def one() -> None:
        session = await asyncpg.connect(os.environ["DATABASE_URL"])
        await session.execute(TAKE)
        await session.close()

    await asyncio.gather(one(), one())
    return True


app = kit.app_if(kit.worked(lambda: asyncio.run(asyncio.wait_for(take(), 20))))
