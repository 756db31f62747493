"""Small programs and their mutants."""

import textwrap
from pathlib import Path

from grader.authoring.mutants.generate import mutants_of
from grader.authoring.mutants.mutant import Mutant

ORDERS = '''"""Orders."""

import asyncio

import httpx

LIMIT = 10
lock = asyncio.Lock()


async def ask(client: httpx.AsyncClient, path: str) -> int:
    """What a service says."""
    response = await client.get(path, timeout=3.0)
    response.raise_for_status()
    return int(response.json()["value"])


async def order(client: httpx.AsyncClient, number: int) -> dict[str, int]:
    async with lock:
        price = await ask(client, f"/prices/{number}")
        await ask(client, f"/orders/{number}")
    return {"price": price, "number": number}
'''


def mutants(source: str, operator: str) -> list[Mutant]:
    """The mutants that this operator makes of a program."""
    found = mutants_of(textwrap.dedent(source).lstrip("\n"))
    return [mutant for mutant in found if mutant.operator == operator]


def changes(source: str, operator: str) -> list[tuple[list[str], list[str]]]:
    """For each mutant the lines that went and those that came, without indentation."""
    reference = textwrap.dedent(source).lstrip("\n")
    return [
        (_lines(mutant, reference, "-"), _lines(mutant, reference, "+"))
        for mutant in mutants(source, operator)
    ]


def come(source: str, operator: str) -> list[str]:
    """For each mutant the lines that came, joined by "; "."""
    return ["; ".join(came) for _, came in changes(source, operator)]


def gone(source: str, operator: str) -> list[str]:
    """For each mutant the lines that went, joined by "; "."""
    return ["; ".join(went) for went, _ in changes(source, operator)]


def _lines(mutant: Mutant, reference: str, sign: str) -> list[str]:
    return [line[1:].strip() for line in mutant.diff(reference) if line.startswith(sign)]


KATAS = Path(__file__).parents[3] / "katas"
