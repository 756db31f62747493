"""Composes katas for every choice of services, and for services that the grader does not have."""

import itertools

from grader import registry
from grader.authoring.scaffold.compose import compose
from grader.authoring.scaffold.skeleton import chosen_fragments
from grader.services.fragment import AppPart, ChecksPart, Fragment, Resource

SERVICES = tuple(registry.SERVICES)

CHOICES = [
    ",".join(chosen)
    for count in range(len(SERVICES) + 1)
    for chosen in itertools.combinations(SERVICES, count)
]

ECHO = Fragment(
    who="the echo server",
    what="its echo",
    field="echo",
    example=7,
    source="what the server at `ECHO_HOST` sends back.",
    app=AppPart(
        imports=(
            "import os",
            "import asyncio",
            "from collections.abc import AsyncIterator",
            "from echoes.client import echoing",
        ),
        constants='ECHO_HOST = os.environ["ECHO_HOST"]',
        resource=Resource(name="echoes", type="AsyncIterator[int]", opened="echoing(ECHO_HOST)"),
        question="""
async def echo_of(item: int, echoes: AsyncIterator[int]) -> int:
    await asyncio.sleep(0)
    return await anext(echoes, item)
""",
    ),
    checks=ChecksPart(
        fixture="echoes.fixture.Echo",
        value="item",
        hold="echo.held() as calls",
        gate="await calls.arrivals(AT_ONCE)",
    ),
)
"""The smallest possible fragment, of a service that the grader does not have."""


def named(name: str) -> Fragment:
    """A fragment that differs from others in every name that must be unique."""
    return Fragment(
        who=f"the server of {name}",
        what=f"its {name}",
        field=name,
        example=7,
        source=f"what {name} sends back.",
        app=AppPart(
            constants=f'{name.upper()} = "{name}"',
            resource=Resource(
                name=f"{name}s", type="AsyncIterator[int]", opened=f"echoing({name.upper()})"
            ),
            imports=(
                "from collections.abc import AsyncIterator",
                "from echoes.client import echoing",
            ),
            question=(
                f"async def {name}_of(item: int, echoes: AsyncIterator[int]) -> "
                "int:\n    return await anext(echoes, item)"
            ),
        ),
        checks=ChecksPart(
            fixture="echoes.fixture.Echo",
            gate=f"await {name.replace('echo', 'echo_server')}.arrivals(AT_ONCE)",
        ),
    )


def services_of(words: str) -> list[str]:
    return [word for word in words.split(",") if word]


def composed(services: str, **others: Fragment) -> dict[str, str]:
    return compose(
        "two-at-once", "Two at once", 1, chosen_fragments(services_of(services)) | others
    )
