"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The directory knows everybody, and takes 0.05 s to say a name."""
    upstream.on("/people/*", delay_s=0.05, json=lambda call: {"name": f"Person {call.value}"})
