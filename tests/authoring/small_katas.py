"""Files of a small kata that `kata verify` proves quickly."""

from tests import conftest

README = {"README.md": conftest.README}

TWICE_APP = """
from fastapi import FastAPI

app = FastAPI()


@app.get("/twice/{n}")
async def twice(n: int) -> int:
    return {answer}
"""

TWICE_CHECKS = '''
import secrets

from grader.checks.api import Server, expect


async def test_it_answers(server: Server) -> None:
    """It doubles any number."""
    for _ in range(2):
        n = secrets.randbelow(10**9)
        expect(await server.get(f"/twice/{n}")).status(200).json(2 * n)
'''

TWICE = {
    **README,
    "checks.py": TWICE_CHECKS,
    "starter/app.py": TWICE_APP.replace("{answer}", "n"),
    "accepted/reference.py": TWICE_APP.replace("{answer}", "2 * n"),
    "rejected/wrong.py": TWICE_APP.replace("{answer}", "n * n"),
}
"""A kata that no junk passes."""
