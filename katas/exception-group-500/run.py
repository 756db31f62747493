"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """Each service takes 0.05 s. Of products that end in 7 there is no stock (404); for those that end in 9 it is too busy (503)."""
    upstream.on("*", delay_s=0.05)
    upstream.on("/stock/*7", delay_s=0.05, status=404)
    upstream.on("/stock/*9", delay_s=0.05, status=503)
