"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The bureau takes 0.5 s for each of its two calls."""
    upstream.on("/owners/*", delay_s=0.5, json=lambda call: {"mailbox": call.value})
    upstream.on("/receipts/*", delay_s=0.5)
