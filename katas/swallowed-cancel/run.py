"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The supplier takes 0.02 s. About items that end in 7 it is silent; of those that end in 9 it tells no delivery time."""
    upstream.on("*", delay_s=0.02)
    upstream.on("/prices/*7", never=True)
    upstream.on("/delivery/*9", never=True)
