"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """Each service takes 0.1 s to answer."""
    upstream.on("*", delay_s=0.1)
