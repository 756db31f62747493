"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The harbour takes 0.05 s to answer."""
    upstream.on("/ferries/*", delay_s=0.05, json=lambda call: {"seats": call.value})
