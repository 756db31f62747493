"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Postgres

SLOW = """
    ALTER TABLE cards RENAME TO all_cards;
    INSERT INTO all_cards SELECT card, 7 * card % 1000 FROM generate_series(1, 10000) AS card;
    CREATE VIEW cards AS SELECT card, points FROM all_cards CROSS JOIN pg_sleep(0.05);
    GRANT SELECT ON cards TO PUBLIC;
"""


async def prepare(postgres: Postgres) -> None:
    """There are the cards 1 to 10000, and the database takes 0.05 s for one."""
    await postgres.execute(SLOW)
