"""What `kata run` and `kata profile` put around the app."""

from grader.checks.api import Upstream


async def prepare(upstream: Upstream) -> None:
    """The farm takes 0.1 s for a part. Of reports that end in 7 the tables fail, and the other parts take 1 s."""
    upstream.on("/reports/*", delay_s=0.1)
    upstream.on("/reports/*7/*", delay_s=1)
    upstream.on("/reports/*7/tables", delay_s=0.1, status=500)
