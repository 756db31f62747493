"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Postgres

SLOW = """
    ALTER TABLE stock RENAME TO whole_stock;
    INSERT INTO whole_stock SELECT item, 7 * item % 1000 FROM generate_series(1, 10000) AS item;
    CREATE VIEW stock AS SELECT item, pieces FROM whole_stock CROSS JOIN pg_sleep(0.05);
    GRANT SELECT ON stock TO PUBLIC;
"""


async def prepare(postgres: Postgres) -> None:
    """There are the items 1 to 10000, and the database takes 0.05 s for one."""
    await postgres.execute(SLOW)
