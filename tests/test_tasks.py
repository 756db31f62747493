"""What structured concurrency needs everywhere."""

import anyio
import pytest

from grader.tasks import single_error


async def fail(error: Exception) -> None:
    raise error


async def test_the_error_of_a_task_is_raised_without_its_groups() -> None:
    with pytest.raises(ValueError, match="mine") as caught:
        async with single_error(), anyio.create_task_group(), anyio.create_task_group() as tasks:
            tasks.start_soon(fail, ValueError("mine"))
    assert caught.value.__suppress_context__


async def test_of_several_errors_the_first_is_raised() -> None:
    with pytest.raises(ValueError, match="one"):
        async with single_error():
            raise ExceptionGroup("several", [ValueError("one"), KeyError("two")])


async def test_an_error_outside_of_a_group_stays_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with single_error():
            raise KeyError("mine")
