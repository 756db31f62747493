"""The fixture `files`: slow storage. Each file is a FIFO that the grader feeds, since files in the page cache are too
fast to see.

A FIFO that is opened for reading keeps its reader waiting until the grader opens it for writing, and then until bytes
come. The grader itself never waits for one: it opens without blocking, and tries again.
"""

import array
import contextlib
import fcntl
import os
import shutil
import tempfile
import termios
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio

from grader.catalog.manifest import Kata
from grader.errors import HarnessError
from grader.measure.attempt import AttemptContext
from grader.measure.backoff import Backoff
from grader.measure.gates import GateMissed, Signal, pass_gate
from grader.services.service import Place, Running, Service, Standing, Surroundings

POLL_S = 0.002
"""How often it is looked, on a quiet machine, whether a file has been opened, or read so far; the kernel does not tell.
"""

GIVE_POLL_S = 0.01
"""The same for files that are served in a row: there may be many of them."""

FED_BYTES = 4096
"""How much of one file may lie unread; every pipe takes so much, also when its user has very many."""


class Fifo:
    """One slow file; made by `Files.fifo`.

    Attributes:
        name: within the folder.
        path: of the FIFO.
    """

    def __init__(self, path: Path, attempt: AttemptContext) -> None:
        self.name = path.name
        self.path = path
        self._attempt = attempt
        self._writer: int | None = None
        self._fed_bytes = 0
        os.mkfifo(path, 0o600)

    async def opened(self, deadline_s: float | None = None) -> None:
        """Wait until the solution opens the file, and let it in: its `open()` waited until now, its reading begins to.

        Raises:
            GateMissed: it did not before the deadline.
        """
        await _pass_polling(
            self._attempt, f"readers of {self.name}", 1, lambda: int(self.let_in()), deadline_s
        )

    def feed(self, data: bytes) -> None:
        """Let these bytes be read; the file goes on until `end`. At most 4,096 bytes may lie unread.

        Raises:
            ValueError: the file has not been opened, or too much lies unread.
        """
        if self._writer is None:
            raise ValueError(f"{self.name} is not being read: await opened() first")
        if len(data) + self._unread_bytes() > FED_BYTES:
            raise ValueError(f"{self.name} takes at most {FED_BYTES} bytes that have not been read")
        self._fed_bytes += len(data)
        with contextlib.suppress(
            BrokenPipeError
        ):  # the solution has closed the file; its answer will show it
            os.write(self._writer, data)

    async def taken(self, deadline_s: float | None = None) -> None:
        """Wait until the solution has read all that was fed: it is in the middle of its reading now.

        Raises:
            GateMissed: it had not before the deadline.
        """
        what = f"bytes of {self.name} read by the app"
        await _pass_polling(
            self._attempt,
            what,
            self._fed_bytes,
            lambda: self._fed_bytes - self._unread_bytes(),
            deadline_s,
        )

    def end(self) -> None:
        """Let the file end here. Under its name there is a new one from now on, for the next reader."""
        if self._writer is None:
            return
        self.close()
        # A pipe of its own for each reading: a reader that is slow to close the last one cannot take the next one's
        # place.
        fresh = self.path.with_name(f".{self.name}.new")
        os.mkfifo(fresh, 0o600)
        fresh.replace(self.path)

    async def give(self, data: bytes, deadline_s: float | None = None) -> None:
        """Serve one reader at once: `opened`, `feed`, `end`.

        Raises:
            GateMissed: the solution did not open the file before the deadline.
        """
        await self.opened(deadline_s)
        self.feed(data)
        self.end()

    def close(self) -> None:
        """Close the grader's side."""
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
            self._fed_bytes = 0

    def let_in(self) -> bool:
        """Open the grader's side if there is a reader; whether it is open now."""
        if self._writer is None:
            with contextlib.suppress(OSError):  # ENXIO: there is no reader
                self._writer = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        return self._writer is not None

    def _unread_bytes(self) -> int:
        if self._writer is None:
            return 0
        count = array.array("i", [0])
        fcntl.ioctl(self._writer, termios.FIONREAD, count)
        return count[0]


class Files:
    """The fixture `files` of checks: a folder of slow files, empty at first.

    Attributes:
        folder: what the solution gets as `FILES_DIR`.
    """

    def __init__(self, folder: Path, attempt: AttemptContext) -> None:
        self.folder = folder
        self._attempt = attempt
        self._fifos: dict[str, Fifo] = {}

    def fifo(self, name: str) -> Fifo:
        """The slow file of this name; made when it is asked for first. One reader at a time."""
        if name not in self._fifos:
            self._fifos[name] = Fifo(self.folder / name, self._attempt)
        return self._fifos[name]

    async def opened(self, *fifos: Fifo, deadline_s: float | None = None) -> None:
        """Wait until all of these are open at the same time, each let in as soon as it comes: proof that none waits for
        another's end.

        Raises:
            GateMissed: they were not before the deadline.
        """
        what = "files being read at once"
        await _pass_polling(
            self._attempt,
            what,
            len(fifos),
            lambda: sum([fifo.let_in() for fifo in fifos]),
            deadline_s,
        )

    async def give_on(
        self, names: Iterable[str], make: Callable[[], bytes], delay_s: float
    ) -> None:
        """Serve whoever opens one of these files, as slow storage does, until cancelled; for `kata run`.

        Args:
            names: of the files; they are made now.
            make: makes what a reader gets, at most 4,096 bytes.
            delay_s: how long each waits for it.
        """
        fifos = [self.fifo(name) for name in names]
        given: set[str] = set()

        async def give(fifo: Fifo) -> None:
            await anyio.sleep(delay_s)
            fifo.feed(make())
            fifo.end()
            given.discard(fifo.name)

        async with anyio.create_task_group() as giving:
            while True:
                for fifo in fifos:
                    if fifo.name not in given and fifo.let_in():
                        given.add(fifo.name)
                        giving.start_soon(give, fifo)
                await anyio.sleep(GIVE_POLL_S)

    def remove(self, name: str) -> None:
        """Take the file of this name away; `fifo` makes a new one."""
        fifo = self._fifos.pop(name)
        fifo.close()
        fifo.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the grader's side of all files."""
        for fifo in self._fifos.values():
            fifo.close()


async def _pass_polling(
    attempt: AttemptContext,
    what: str,
    wanted: int,
    seen: Callable[[], int],
    deadline_s: float | None,
) -> None:
    """A gate on what must be looked for, since nothing tells."""
    changed = Signal()

    async def poll() -> None:
        backoff = Backoff(POLL_S)
        while True:
            changed.set()
            await backoff.pause()

    missed: GateMissed | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(poll)
        try:
            await pass_gate(attempt, what, wanted, seen, changed, deadline_s)
        except GateMissed as error:  # kept for later: a task group would wrap it
            missed = error
        tasks.cancel_scope.cancel()
    if missed is not None:
        raise missed


@contextlib.contextmanager
def running_files(parent: Path, attempt: AttemptContext) -> Iterator[Files]:
    """Make a folder of slow files for the length of one check.

    Args:
        parent: in which it is made, with a name that no other check has had.
        attempt: records claims.

    Raises:
        HarnessError: the folder cannot be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(dir=parent))
    except OSError as error:
        raise HarnessError(
            f"No folder can be made in {parent}: {error.strerror}.",
            "Free some space, or set TMPDIR.",
        ) from error
    files = Files(folder, attempt)
    try:
        yield files
    finally:
        files.close()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class FilesFolder(Standing):
    """The folder of one grading, in which each check gets one of its own."""

    folder: Path

    @contextlib.asynccontextmanager
    async def fresh(self, surroundings: Surroundings) -> AsyncIterator[Running]:
        """An empty folder of slow files."""
        with running_files(self.folder, surroundings.attempt) as files:
            yield Running(files, str(files.folder), {"FILES_DIR": str(files.folder)})


class FilesService(Service):
    """Slow files as a service of katas."""

    name = "files"
    title = "Files"
    is_shared = True

    @contextlib.contextmanager
    def start(self, kata: Kata, place: Place) -> Iterator[FilesFolder]:
        """Slow files lie in the service's folder."""
        self.check_options(kata)
        yield FilesFolder(place.folder)


SERVICE = FilesService()
