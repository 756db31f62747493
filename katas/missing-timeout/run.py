"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The market takes 0.05 s for a quote; about symbols that end in 7 it is silent."""
    upstream.on("/quotes/*", delay_s=0.05, json=lambda call: {"cents": call.value})
    upstream.on("/quotes/*7", never=True)
    upstream.on("/news", json=lambda call: {"headlines": [f"Shares at {call.value}"]})
