"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """Seats and shows are known at once; a poster takes 0.5 s."""
    upstream.on("/seats/*", json=lambda call: {"free": call.value})
    upstream.on("/shows", json={"shows": list(range(1, 21))})
    upstream.on("/posters/*", delay_s=0.5, json=lambda call: {"sheet": call.value})
