"""The states of a server's workers: what their reports add up to, and waiting for it."""

import anyio
import anyio.lowlevel
import pytest

from grader.process.worker_states import WorkerStates
from tests.waiting import HANG_S


def test_words_on_the_status_socket_are_counted() -> None:
    states = WorkerStates()
    states.take_status(b"ready\nready\n")
    states.take_status(b"ready\ndown\n")
    assert (states.ready, states.down) == (3, 1)


@pytest.mark.parametrize(
    ("ready", "exit_codes", "forked", "started"),
    [
        (0, [], True, False),
        (1, [], True, False),
        (2, [], True, True),
        (2, [], False, False),
        (0, [1], True, True),
    ],
)
def test_a_server_has_started_when_each_worker_is_ready_and_known_or_one_has_exited(
    ready: int, exit_codes: list[int], forked: bool, started: bool
) -> None:
    states = WorkerStates(ready=ready, exit_codes=exit_codes, forked=forked)
    assert states.have_started(2) is started


@pytest.mark.parametrize(
    ("down", "exit_codes", "gone", "shut_down"),
    [
        (0, [], False, False),
        (1, [], False, False),
        (2, [], False, True),
        (1, [0], False, True),
        (0, [0, 0], False, False),
        (0, [0, 0], True, True),
    ],
)
def test_a_server_has_shut_down_when_each_worker_has_or_nothing_is_left(
    down: int, exit_codes: list[int], gone: bool, shut_down: bool
) -> None:
    """While a last worker's exit is reported, a child of it may still be there; only `gone` excludes that."""
    states = WorkerStates(exit_codes=exit_codes, down=down, gone=gone)
    assert states.have_shut_down(2) is shut_down


async def test_a_change_wakes_those_who_wait_for_it() -> None:
    states = WorkerStates()
    async with anyio.create_task_group() as tasks:

        async def report() -> None:
            for _ in range(2):
                await anyio.lowlevel.checkpoint()
                states.take_status(b"ready\n")

        tasks.start_soon(report)
        assert await states.until(lambda now: now.ready == 2, HANG_S)


async def test_waiting_ends_with_its_timeout() -> None:
    assert not await WorkerStates().until(lambda now: now.gone, 0.01)
