"""Connections to a service: what is counted and recorded, and when a gate on their end opens."""

import anyio
import pytest

from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed
from grader.services.connections import OPEN_LIMIT, Connections


def test_open_opened_and_the_peak_are_counted(attempt: AttemptContext) -> None:
    connections = Connections("echo", attempt)
    first, second = connections.add(), connections.add()
    connections.remove(first)
    third = connections.add()
    assert (connections.opened, connections.open, connections.peak) == (3, 2, 2)
    assert len({first, second, third}) == 3


def test_each_connection_is_recorded_with_its_service_and_times(attempt: AttemptContext) -> None:
    connections = Connections("echo", attempt)
    number = connections.add()
    assert attempt.recorder.connections[number].closed_s is None
    connections.remove(number)
    recorded = attempt.recorder.connections[number]
    assert recorded.service == "echo"
    assert recorded.closed_s is not None
    assert recorded.opened_s <= recorded.closed_s


def test_more_open_connections_than_the_limit_are_a_flood(attempt: AttemptContext) -> None:
    connections = Connections("echo", attempt)
    numbers = [connections.add() for _ in range(OPEN_LIMIT)]
    seen = [connections.is_flooded]
    numbers.append(connections.add())
    seen.append(connections.is_flooded)
    connections.remove(numbers.pop())
    seen.append(connections.is_flooded)
    assert seen == [False, True, False]


def test_more_connections_in_all_than_the_limit_are_a_flood(
    attempt: AttemptContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.services.connections.OPENED_LIMIT", 2)
    connections = Connections("echo", attempt)
    for _ in range(3):
        connections.remove(connections.add())
    assert connections.is_flooded


async def test_the_gate_opens_when_the_last_connection_closes(attempt: AttemptContext) -> None:
    connections = Connections("echo", attempt)
    first, second = connections.add(), connections.add()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(connections.closed)
        connections.remove(first)
        await anyio.lowlevel.checkpoint()
        connections.remove(second)
    assert connections.open == 0


async def test_a_connection_that_stays_open_is_a_missed_gate(attempt: AttemptContext) -> None:
    connections = Connections("echo", attempt)
    connections.remove(connections.add())
    connections.add()
    with pytest.raises(GateMissed) as caught:
        await connections.closed(within_s=0.05)
    claim = caught.value.claim
    assert (claim.what, claim.wanted, claim.seen) == (
        "connections to the echo closed again",
        2,
        1,
    )
