"""Pipes are read as data comes, and no writer can make the reader block."""

import os

import anyio
import anyio.lowlevel
import pytest

from grader.process.pipe import CHUNK_BYTES, DRAIN_CHUNKS, PipeReader
from tests.waiting import HANG_S


@pytest.fixture
def taken() -> list[bytes]:
    """The chunks that a reader has passed on."""
    return []


async def test_chunks_are_passed_on_until_the_writer_closes(taken: list[bytes]) -> None:
    read, write = os.pipe()
    reader = PipeReader(read, taken.append)
    with anyio.fail_after(HANG_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(reader.follow)
            os.write(write, b"one")
            while taken != [b"one"]:
                await anyio.lowlevel.checkpoint()
            os.write(write, b"two")
            os.close(write)
    assert taken == [b"one", b"two"]
    reader.close()


def test_closing_reads_what_has_been_written_and_no_more(taken: list[bytes]) -> None:
    read, write = os.pipe()
    reader = PipeReader(read, taken.append)
    os.write(write, b"x" * (CHUNK_BYTES + 1))
    reader.close()
    reader.close()
    assert list(map(len, taken)) == [CHUNK_BYTES, 1]
    os.close(write)


def test_closing_ends_even_while_the_writer_keeps_writing() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    chunks = 0

    def write_more(_: bytes) -> None:
        nonlocal chunks
        chunks += 1
        os.write(write, b"x" * CHUNK_BYTES)

    reader = PipeReader(read, write_more)
    os.write(write, b"x" * CHUNK_BYTES)
    reader.close()
    assert chunks == DRAIN_CHUNKS
    os.close(write)


async def test_a_reader_that_was_stopped_reads_no_more(taken: list[bytes]) -> None:
    read, write = os.pipe()

    def take(data: bytes) -> None:
        taken.append(data)
        reader.stop()

    reader = PipeReader(read, take)
    os.write(write, b"x" * CHUNK_BYTES * 2)
    with anyio.fail_after(HANG_S):
        await reader.follow()
    reader.close()
    assert list(map(len, taken)) == [CHUNK_BYTES]
    os.close(write)
