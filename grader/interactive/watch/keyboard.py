"""Reads single keys from the terminal, and restores the terminal however the command ends."""

import contextlib
import os
import re
import termios
from collections.abc import Callable, Iterator
from typing import Any

import anyio

BACKGROUND_POLL_S = 0.2
FOREGROUND_POLL_S = 1.0
"""How often to check whether the terminal still belongs to this process group, or belongs to it again."""

CHUNK_BYTES = 1024
SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.|[^\[O])?")
"""Input from arrow keys, function keys and Alt, which is ignored."""

LOCAL_MODES = 3
CONTROL_CHARACTERS = 6
"""Indices into the list returned by `tcgetattr`."""


class Keyboard:
    """Reads single keys from a terminal, without echo. Ctrl-C and Ctrl-Z still send signals.

    Args:
        terminal: its file descriptor.
    """

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._before: list[Any] | None = None
        self._released = 0

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Read single keys within this block."""
        self.take()
        try:
            yield
        finally:
            self._restore()

    @contextlib.contextmanager
    def released(self) -> Iterator[None]:
        """Restore the original terminal modes within this block, for another program or the shell."""
        self._restore()
        self._released += 1
        try:
            yield
        finally:
            self._released -= 1
            self.take()

    def take(self) -> None:
        """Switch the terminal to single keys, unless it is released or this process is in the background."""
        if self._released or not self._is_ours():
            return
        with contextlib.suppress(termios.error):  # the terminal is gone
            modes = termios.tcgetattr(self._terminal)
            self._before = self._before or termios.tcgetattr(self._terminal)
            modes[LOCAL_MODES] &= ~(termios.ICANON | termios.ECHO)
            modes[CONTROL_CHARACTERS][termios.VMIN], modes[CONTROL_CHARACTERS][termios.VTIME] = 1, 0
            termios.tcsetattr(self._terminal, termios.TCSADRAIN, modes)

    async def follow(self, press: Callable[[str], None], hang_up: Callable[[], None]) -> None:
        """Report each key that is pressed, until cancelled or until the terminal is gone.

        Args:
            press: called with the character, in lower case.
            hang_up: called when the terminal is gone.
        """
        while True:
            if self._before is None:
                self.take()  # not every shell sends SIGCONT when it brings a job to the foreground
            # Reading in the background would take another program's input, or stop this process.
            if self._before is None or not self._is_ours():
                await anyio.sleep(BACKGROUND_POLL_S)
                continue
            if not await self._is_pressed():
                continue
            try:
                data = os.read(self._terminal, CHUNK_BYTES)
            except OSError:
                data = b""
            if not data:
                hang_up()
                return
            for character in SEQUENCE.sub("", data.decode(errors="replace")).lower():
                press(character)

    async def _is_pressed(self) -> bool:
        """Wait for a key, at most `FOREGROUND_POLL_S`; False if none comes or the terminal is no longer ours."""
        with anyio.move_on_after(FOREGROUND_POLL_S):
            await anyio.wait_readable(self._terminal)
            return self._before is not None and self._is_ours()
        return False

    def _restore(self) -> None:
        before, self._before = self._before, None
        if before is not None and self._is_ours():
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._terminal, termios.TCSADRAIN, before)

    def _is_ours(self) -> bool:
        """Whether this process is in the foreground. From the background, changing terminal modes would stop it."""
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:
            return False
