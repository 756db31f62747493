"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The wholesaler takes 0.02 s for a price."""
    upstream.on("/prices/*", delay_s=0.02, json=lambda call: {"cents": call.value})
