"""What a kata's `checks.py` imports: the types of its fixtures, and `expect`."""

from grader.checks.expect import expect
from grader.evidence.model import Sample
from grader.harness.database import Postgres
from grader.harness.files import Fifo, Files
from grader.harness.load import Answer, Crowd, Pending
from grader.harness.server import Server
from grader.harness.upstream import Call, Hold, Upstream

__all__ = ["Answer", "Call", "Crowd", "Fifo", "Files", "Hold", "Pending", "Postgres", "Sample", "Server", "Upstream", "expect"]
