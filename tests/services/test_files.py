"""Slow files: what keeps a reader waiting, and what the grader sees of it."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from anyio import create_task_group, sleep, to_thread

from grader.evidence.claims import GateClaim
from grader.measure.attempt import AttemptContext
from grader.measure.gates import GateMissed
from grader.services.files import FED_BYTES, Files, running_files
from tests.conftest import Serve


@pytest.fixture
def files(tmp_path: Path, attempt: AttemptContext) -> Iterator[Files]:
    with running_files(tmp_path, attempt) as files:
        yield files


class Reader(threading.Thread):
    """Reads a file as a solution does, in a thread."""

    def __init__(self, path: Path) -> None:
        super().__init__(daemon=True)
        self.path = path
        self.is_open = threading.Event()
        self.text = b""
        self.start()

    def run(self) -> None:
        with open(self.path, "rb") as file:
            self.is_open.set()
            self.text = file.read()

    async def done(self) -> bytes:
        await to_thread.run_sync(self.join, 5)
        assert not self.is_alive()
        return self.text


async def test_opening_waits_until_the_grader_lets_the_reader_in(files: Files) -> None:
    fifo = files.fifo("a")
    reader = Reader(fifo.path)
    await sleep(0.05)
    assert not reader.is_open.is_set()
    await fifo.opened()
    assert await to_thread.run_sync(reader.is_open.wait, 5)
    fifo.feed(b"x")
    fifo.end()
    assert await reader.done() == b"x"


async def test_reading_waits_for_the_end(files: Files) -> None:
    fifo = files.fifo("a")
    reader = Reader(fifo.path)
    await fifo.opened()
    fifo.feed(b"one ")
    await fifo.taken()
    assert reader.is_alive()
    fifo.feed(b"two")
    fifo.end()
    assert await reader.done() == b"one two"


async def test_a_file_that_nobody_opens_is_a_missed_gate(
    files: Files, attempt: AttemptContext
) -> None:
    with pytest.raises(GateMissed):
        await files.fifo("a").opened(within_s=0.05)
    (claim,) = attempt.recorder.claims
    assert isinstance(claim, GateClaim)
    assert (claim.what, claim.wanted, claim.seen) == ("readers of a", 1, 0)


async def test_what_is_not_read_is_a_missed_gate(files: Files, attempt: AttemptContext) -> None:
    fifo = files.fifo("a")
    descriptor = os.open(fifo.path, os.O_RDONLY | os.O_NONBLOCK)
    await fifo.opened()
    fifo.feed(b"1234")
    assert os.read(descriptor, 3) == b"123"
    with pytest.raises(GateMissed):
        await fifo.taken(within_s=0.05)
    claim = attempt.recorder.claims[-1]
    assert (claim.what, claim.wanted, claim.seen) == ("bytes of a read by the app", 4, 3)  # type: ignore[union-attr]
    os.close(descriptor)


async def test_each_reading_is_served_by_itself_also_when_the_last_one_was_never_closed(
    files: Files,
) -> None:
    fifo = files.fifo("a")
    kept = os.open(fifo.path, os.O_RDONLY | os.O_NONBLOCK)
    await fifo.give(b"first")
    reader = Reader(fifo.path)
    await fifo.give(b"second")
    assert await reader.done() == b"second"
    assert os.read(kept, 100) == b"first"
    os.close(kept)


async def test_a_reader_that_closes_early_is_its_own_doing(files: Files) -> None:
    fifo = files.fifo("a")
    descriptor = os.open(fifo.path, os.O_RDONLY | os.O_NONBLOCK)
    await fifo.opened()
    os.close(descriptor)
    fifo.feed(b"x")
    fifo.end()


async def test_more_than_a_pipe_takes_is_refused(files: Files) -> None:
    fifo = files.fifo("a")
    with pytest.raises(ValueError, match="opened"):
        fifo.feed(b"x")
    descriptor = os.open(fifo.path, os.O_RDONLY | os.O_NONBLOCK)
    await fifo.opened()
    fifo.feed(b"x" * FED_BYTES)
    with pytest.raises(ValueError, match="at most"):
        fifo.feed(b"x")
    os.close(descriptor)


async def test_readers_of_several_files_are_let_in_as_they_come(
    files: Files, attempt: AttemptContext
) -> None:
    one, two, three = (files.fifo(name) for name in "abc")
    readers = [Reader(fifo.path) for fifo in (two, one)]
    await files.opened(one, two)
    with pytest.raises(GateMissed):
        await files.opened(one, two, three, within_s=0.05)
    claim = attempt.recorder.claims[-1]
    assert (claim.what, claim.wanted, claim.seen) == ("files being read at once", 3, 2)  # type: ignore[union-attr]
    one.end()
    two.end()
    assert [await reader.done() for reader in readers] == [b"", b""]


async def test_a_file_that_is_taken_away_is_gone_until_it_is_made_again(files: Files) -> None:
    fifo = files.fifo("a")
    files.remove("a")
    assert not fifo.path.exists()
    assert files.fifo("a").path.exists()


def test_the_folder_is_the_checks_own_and_gone_afterwards(
    tmp_path: Path, attempt: AttemptContext
) -> None:
    with running_files(tmp_path, attempt) as one, running_files(tmp_path, attempt) as two:
        assert one.folder != two.folder
        assert one.folder.stat().st_mode & 0o077 == 0
        one.fifo("a")
        assert [path.name for path in one.folder.iterdir()] == ["a"]
        assert one.fifo("a") is one.fifo("a")
    assert not one.folder.exists()


async def test_a_blocking_open_stops_the_solutions_loop_and_is_seen(
    serve: Serve, files: Files
) -> None:
    source = """
        import os
        from pathlib import Path
        from fastapi import FastAPI

        app = FastAPI()
        folder = Path(os.environ["FILES_DIR"])

        @app.get("/async/{name}")
        async def on_the_loop(name: str) -> str:
            return (folder / name).read_text()

        @app.get("/def/{name}")
        def in_a_thread(name: str) -> str:
            return (folder / name).read_text()

        @app.get("/health")
        async def health() -> None:
            pass
    """
    async with serve(source, FILES_DIR=str(files.folder)) as server:
        fifo = files.fifo("a")
        pending = server.start("GET", "/def/a")
        assert (await server.settle("/health")).status == 200
        await fifo.give(b"x")
        assert (await pending).body == b'"x"'
        pending = server.start("GET", "/async/a")
        assert (await server.settle("/health", within_s=0.3)).status is None
        await fifo.give(b"y")
        assert (await pending).body == b'"y"'


async def test_files_can_be_served_in_a_row_without_a_check(files: Files) -> None:
    made = iter(range(10))
    async with create_task_group() as tasks:
        tasks.start_soon(files.give_on, ["a", "b"], lambda: str(next(made)).encode(), 0.01)
        await sleep(0.01)
        first = [Reader(files.fifo(name).path) for name in ("a", "b")]
        assert sorted([await reader.done() for reader in first]) == [b"0", b"1"]
        again = Reader(files.fifo("a").path)
        assert await again.done() == b"2"
        tasks.cancel_scope.cancel()
