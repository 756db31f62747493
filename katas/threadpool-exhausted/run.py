"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The archive takes 0.5 s to fetch a deed."""
    upstream.on("/deeds/*", delay_s=0.5, json=lambda call: {"page": call.value})
