"""Checks of @SLUG@. A hold proves that the calls are under way together, so no clock is needed."""

import secrets

from grader.checks.api import Answer, Server, Upstream, expect

SERVICES = ("weather", "hotels", "trains")


def city() -> str:
    """An unpredictable name."""
    return f"city{secrets.randbelow(10**9)}"


def is_what_the_services_said(answer: Answer, name: str, upstream: Upstream) -> None:
    said = {service: upstream.value(f"/{service}/{name}") for service in SERVICES}
    expect(answer).status(200).json({"city": name, **said})


async def test_a_trip_is_what_the_services_say(server: Server, upstream: Upstream) -> None:
    """Every answer is what the services say at that moment."""
    for name in [city(), city()] * 2:
        is_what_the_services_said(await server.get(f"/trips/{name}"), name, upstream)
    expect(len(upstream.calls()), "questions that reached the services").equals(4 * len(SERVICES))


async def test_the_services_are_asked_together(server: Server, upstream: Upstream) -> None:
    """All three services are asked at the same time."""
    name = city()
    async with upstream.hold("/weather/*", "/hotels/*", "/trains/*") as held:
        visitor = server.start("GET", f"/trips/{name}")
        await held.arrivals(len(SERVICES))
        held.release()
        is_what_the_services_said(await visitor, name, upstream)
