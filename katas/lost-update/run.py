"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """Every payment brings 100 cents, and the bank takes 0.05 s to say so."""
    upstream.on("/payments/*", delay_s=0.05, json={"cents": 100})
