"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """A search takes 0.05 s. Of trips that end in 7, flights fail at once and the others take 2 s."""
    upstream.on("*", delay_s=0.05, json=lambda call: {"cents": call.value})
    upstream.on("/hotels/*7", delay_s=2, json=lambda call: {"cents": call.value})
    upstream.on("/cars/*7", delay_s=2, json=lambda call: {"cents": call.value})
    upstream.on("/flights/*7", status=503)
