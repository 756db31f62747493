"""The fixture `files`: slow storage. A read from the page cache is too fast to observe, so each file is a FIFO, and the
grader writes its content.

Opening a FIFO for reading blocks until the grader opens it for writing; reading blocks until the grader writes. The
grader itself never blocks: it opens with `O_NONBLOCK` and polls.
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
from grader.measure.gates import pass_polled_gate
from grader.services.service import CheckContext, GradingContext, Running, Service, StartedService

POLL_S = 0.002
"""Polling interval on a quiet machine. The kernel sends no event when a FIFO is opened or read."""

GIVE_POLL_S = 0.01
"""Polling interval of `Files.give_on`, which may serve many files."""

FED_BYTES = 4096
"""Limit on unread bytes per file. A pipe never holds less, even when its user has exhausted the quota for pipes."""


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

    async def opened(self, within_s: float | None = None) -> None:
        """Wait until the solution opens the file, and let its `open()` return; its first read then blocks.

        Raises:
            GateMissed: it did not within the promised time.
        """
        await _pass_polling(
            self._attempt, f"readers of {self.name}", 1, lambda: int(self.let_in()), within_s
        )

    def feed(self, data: bytes) -> None:
        """Write bytes for the solution to read. The file continues until `end`. At most 4,096 bytes may be unread.

        Raises:
            ValueError: the file has not been opened, or too many bytes would be unread.
        """
        if self._writer is None:
            raise ValueError(f"{self.name} is not being read: await opened() first")
        if len(data) + self._unread_bytes() > FED_BYTES:
            raise ValueError(f"{self.name} holds at most {FED_BYTES} unread bytes")
        self._fed_bytes += len(data)
        # If the solution has closed the file, its answer will show that.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, data)

    async def taken(self, within_s: float | None = None) -> None:
        """Wait until the solution has read all bytes written so far; its next read blocks.

        Raises:
            GateMissed: it had not within the promised time.
        """
        what = f"bytes of {self.name} read by the app"
        await _pass_polling(
            self._attempt,
            what,
            self._fed_bytes,
            lambda: self._fed_bytes - self._unread_bytes(),
            within_s,
        )

    def end(self) -> None:
        """End the file. The next reader opens a new FIFO of the same name."""
        if self._writer is None:
            return
        self.close()
        # With a single FIFO, a reader that is slow to close it would be mistaken for the next one.
        fresh = self.path.with_name(f".{self.name}.new")
        os.mkfifo(fresh, 0o600)
        fresh.replace(self.path)

    async def give(self, data: bytes, within_s: float | None = None) -> None:
        """Serve one reader at once: `opened`, `feed`, `end`.

        Raises:
            GateMissed: the solution did not open the file within the promised time.
        """
        await self.opened(within_s)
        self.feed(data)
        self.end()

    def close(self) -> None:
        """Close the grader's side."""
        if self._writer is not None:
            os.close(self._writer)
            self._writer = None
            self._fed_bytes = 0

    def let_in(self) -> bool:
        """Open the grader's side if there is a reader; returns whether it is open now."""
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
        """The slow file of this name, created on first use. It serves one reader at a time."""
        if name not in self._fifos:
            self._fifos[name] = Fifo(self.folder / name, self._attempt)
        return self._fifos[name]

    async def opened(self, *fifos: Fifo, within_s: float | None = None) -> None:
        """Wait until all these files are open at the same time: proof that no reader waits for another to finish.

        Each `open()` of the solution returns as soon as the grader notices it.

        Raises:
            GateMissed: they were not within the promised time.
        """
        what = "files being read at once"
        await _pass_polling(
            self._attempt,
            what,
            len(fifos),
            lambda: sum([fifo.let_in() for fifo in fifos]),
            within_s,
        )

    async def give_on(
        self, names: Iterable[str], make: Callable[[], bytes], delay_s: float
    ) -> None:
        """Serve every reader of these files with a delay, until cancelled; for `kata run`.

        Args:
            names: of the files, which are created now.
            make: returns the content for a reader, at most 4,096 bytes.
            delay_s: how long each reader waits for the content.
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
        """Delete the file of this name; `fifo` creates a new one."""
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
    within_s: float | None,
) -> None:
    """Wait at a gate, polling its condition."""

    async def count() -> int:
        return seen()

    await pass_polled_gate(attempt, what, wanted, count, poll_s=POLL_S, within_s=within_s)


@contextlib.contextmanager
def running_files(parent: Path, attempt: AttemptContext) -> Iterator[Files]:
    """Make a folder of slow files for one check.

    Args:
        parent: the folder in which it is made, under a unique name.
        attempt: records claims.

    Raises:
        HarnessError: the folder cannot be made.
    """
    try:
        folder = Path(tempfile.mkdtemp(dir=parent))
    except OSError as error:
        raise HarnessError(
            f"Cannot make a folder in {parent}: {error.strerror}.",
            "Free some space, or set TMPDIR.",
        ) from error
    files = Files(folder, attempt)
    try:
        yield files
    finally:
        files.close()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class FilesFolder(StartedService):
    """The folder of one grading; each check gets a folder inside it."""

    folder: Path

    @contextlib.asynccontextmanager
    async def fresh(self, context: CheckContext) -> AsyncIterator[Running]:
        """An empty folder of slow files."""
        with running_files(self.folder, context.attempt) as files:
            yield Running(files, str(files.folder), {"FILES_DIR": str(files.folder)})


class FilesService(Service):
    """Slow files as a service of katas."""

    name = "files"
    title = "Files"
    is_shared = True

    @contextlib.contextmanager
    def start(self, kata: Kata, context: GradingContext) -> Iterator[FilesFolder]:
        """Start no process; slow files need only the service's folder."""
        self.check_options(kata)
        yield FilesFolder(context.folder)


SERVICE = FilesService()
