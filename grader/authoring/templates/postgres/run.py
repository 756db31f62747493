"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Postgres


async def prepare(postgres: Postgres) -> None:
    """There are the shows 1 to 10000, with 100 free seats each."""
    await postgres.execute("INSERT INTO shows SELECT show, 100 FROM generate_series(1, 10000) AS show")
