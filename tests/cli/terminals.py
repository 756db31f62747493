"""A terminal with a program in it, as a person sees it."""

import contextlib
import fcntl
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pyte

from tests.waiting import HANG_S, wait_until

SHIM = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
"""Makes the terminal that of the session, which only a process within can do."""


class Terminal:
    """A program in a terminal.

    Args:
        command: the program and its arguments.
        folder: where it runs.
        columns: width of the terminal; it has 60 rows.
        environ: more of its environment.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        *,
        columns: int = 80,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self.written = b""
        self._screen = pyte.Screen(columns, 60)
        self._stream = pyte.ByteStream(self._screen)
        self.master, self.slave = pty.openpty()
        self.resize(columns)
        self.modes_before = termios.tcgetattr(self.slave)
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("KATA_", "PYTEST_", "COLUMNS", "LINES"))
        }
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-E", "-c", SHIM, *map(str, command)],
            cwd=folder,
            env={**clean, "TERM": "xterm-256color", **(environ or {})},
            stdin=self.slave,
            stdout=self.slave,
            stderr=self.slave,
            start_new_session=True,
        )

    @property
    def lines(self) -> list[str]:
        """What is seen now, without empty lines."""
        return [line.rstrip() for line in self._screen.display if line.strip()]

    @property
    def text(self) -> str:
        """The same as one text, with single blanks."""
        return " ".join(" ".join(self.lines).split())

    @property
    def is_as_before(self) -> bool:
        """Whether the terminal has the modes that it had at first, and a cursor."""
        self.look()
        return termios.tcgetattr(self.slave) == self.modes_before and not self._screen.cursor.hidden

    def until_keys_are_taken(self) -> None:
        """Wait until the program reads single keys, not lines."""

        def are_taken() -> bool:
            self.look()
            return not termios.tcgetattr(self.slave)[3] & termios.ICANON

        wait_until(are_taken, lambda: self.lines)

    def resize(self, columns: int) -> None:
        """Make the window so wide."""
        fcntl.ioctl(
            self.master,
            termios.TIOCSWINSZ,
            (60).to_bytes(2, sys.byteorder) + columns.to_bytes(2, sys.byteorder) + bytes(4),
        )
        self._screen.resize(60, columns)

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self.master, keys.encode())

    def look(self, wait_s: float = 0.0) -> None:
        """Take in what was written."""
        while select.select([self.master], [], [], wait_s)[0]:
            data = os.read(self.master, 65536)
            self.written += data
            self._stream.feed(data)
            wait_s = 0.0

    def until(self, *texts: str) -> None:
        """Wait until all these are seen."""
        deadline = time.monotonic() + HANG_S
        while not all(text in self.text for text in texts):
            assert time.monotonic() < deadline, self.lines
            self.look(0.05)

    def forget(self) -> None:
        """Wipe the screen, so that what is seen from now on is new."""
        self.look()
        self._screen.reset()
        self.written = b""

    def end(self) -> int:
        """Wait for the end of the program; its exit code."""
        deadline = time.monotonic() + HANG_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.lines
            self.look(0.05)
        self.look()
        return self.process.returncode

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self.master)
        self.master = -1

    def close(self) -> None:
        """Close the window and end the program, however it is."""
        for descriptor in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def terminal(
    command: Sequence[str | Path],
    folder: Path,
    *,
    columns: int = 80,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Terminal]:
    """A program in a terminal; both are closed afterwards."""
    opened = Terminal(command, folder, columns=columns, environ=environ)
    try:
        yield opened
    finally:
        opened.close()
