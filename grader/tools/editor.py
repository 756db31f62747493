"""Finds and runs the learner's editor."""

import shlex
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from grader.errors import UsageError

VARIABLES = ("VISUAL", "EDITOR")
PATIENCE_S = 5.0
"""How long the editor may take to exit after the grader was asked to."""


def editor_command(environ: Mapping[str, str]) -> tuple[str, list[str]] | None:
    """The environment variable that names an editor, and its value split as a shell does; None if none is set.

    Raises:
        UsageError: the value has an unclosed quote.
    """
    name = next((name for name in VARIABLES if environ.get(name, "").strip()), None)
    if name is None:
        return None
    try:
        return name, shlex.split(environ[name])
    except ValueError as error:
        raise UsageError(
            f"${name} cannot be read: {error}.", f"It is {environ[name]!r}; close its quotes."
        ) from error


def run_editor(name: str, command: Sequence[str], paths: Sequence[Path]) -> None:
    """Run the editor with these files, and wait until it exits.

    Args:
        name: the environment variable it came from, for messages.
        command: program and arguments.
        paths: the files.

    Raises:
        UsageError: it cannot be run, or it failed.
    """
    program = command[0] if command else ""
    try:
        with _interrupts_are_the_editors():
            code = _code_of([*command, *map(str, paths)])
    except OSError as error:
        raise UsageError(
            f"The editor `{program}` of ${name} cannot be run: {error.strerror}.",
            f"Set {name} to another.",
        ) from error
    if code != 0:
        raise UsageError(
            f"The editor `{program}` of ${name} failed with exit code {code}.",
            f"Try it by hand: {shlex.join(command)}",
        )


def _code_of(command: Sequence[str]) -> int:
    process = subprocess.Popen(command)
    try:
        return process.wait()
    except BaseException:
        process.terminate()  # rather than kill, so that it can restore the terminal
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise


@contextmanager
def _interrupts_are_the_editors() -> Iterator[None]:
    """Leave Ctrl-C to the editor; both processes receive it.

    The signal gets a handler instead of being ignored, because the editor would inherit that it is ignored.
    """
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
