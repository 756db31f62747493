"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """At each stop there is news every half second."""
    upstream.on("/stops/*/next", delay_s=0.5)
