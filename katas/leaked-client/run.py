"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The carrier takes 0.05 s to find a parcel."""
    upstream.on("/parcels/*", delay_s=0.05, json=lambda call: {"depot": call.value})
