"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The badge service knows everybody, and takes 0.1 s to say so."""
    upstream.on("/badges/*", delay_s=0.1, json=lambda call: {"person": call.value})
