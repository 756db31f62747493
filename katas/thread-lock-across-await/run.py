"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """A login takes 0.2 s, an invoice 0.05 s."""
    upstream.on("/logins", delay_s=0.2, json=lambda call: {"token": f"t{call.value}"})
    upstream.on("/invoices/*", delay_s=0.05, json=lambda call: {"cents": call.value})
