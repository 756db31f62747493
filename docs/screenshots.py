"""Takes the screenshots of terminal and page in docs/pictures/: `python -m docs.screenshots [NAME]...`.

Nothing is mocked up: the command runs in a pseudo-terminal, in a fresh workspace, and Chromium renders the page.
"""

import fcntl
import io
import itertools
import os
import pty
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pyte
from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

FOLDER = Path(__file__).parent / "pictures"
COLUMNS, ROWS = 80, 50
LIMIT_S = 120.0
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PAGE_WIDTH, PAGE_HEIGHT = 1100, 1600

NAMES = {"brown": "yellow", "brightbrown": "bright_yellow", "default": ""}
"""Colours that have other names in pyte than in rich."""

TEMPLATE = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px
  ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }}
.{unique_id}-title {{ font: bold 18px system-ui, sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
"""Rich's own template, without the fonts that it loads from the web."""


def run_in_terminal(command: str, folder: Path) -> pyte.Screen:
    """Run a command in a terminal of 80 columns, and return the final screen.

    Raises:
        TimeoutError: the command did not finish.
    """
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    stream.feed(f"\x1b[32m$\x1b[0m {command}\r\n".encode())
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover, another process
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        os.chdir(folder)
        os.execvpe("sh", ["sh", "-c", command], environment())
    try:
        for data in _until_end(terminal):
            stream.feed(data)
    finally:
        os.close(terminal)  # sends SIGHUP if the command is still running
        os.waitpid(pid, 0)
    return screen


def environment() -> dict[str, str]:
    """The current environment, with colours and this Python's commands, and without the grader's variables."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KATA_", "NO_COLOR", "COLUMNS", "LINES"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}"
    return {
        **kept,
        "PATH": path,
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
        "PYTHONIOENCODING": "utf-8",
    }


def _until_end(terminal: int) -> list[bytes]:
    parts: list[bytes] = []
    ends = time.monotonic() + LIMIT_S
    while time.monotonic() < ends:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            data = os.read(terminal, 65536)
        except OSError:  # Linux: the last process that had the terminal open has exited
            return parts
        if not data:
            return parts  # the same on macOS
        parts.append(data)
    raise TimeoutError(f"The command did not finish within {LIMIT_S:g} s.")


def text_of(screen: pyte.Screen) -> Text:
    """The screen's lines with their colours, without empty ones at the end."""
    lines = [
        [screen.buffer[row][column] for column in range(screen.columns)]
        for row in range(screen.lines)
    ]
    while lines and not "".join(char.data for char in lines[-1]).strip():
        lines.pop()
    text = Text()
    for line in lines:
        for style, chars in itertools.groupby(line, _style):
            text.append("".join(char.data for char in chars), style)
        text.append("\n")
    text.rstrip()
    return text


def _style(char: Char) -> Style:
    def colour(name: str) -> str | None:
        is_number = len(name) == 6 and all(digit in "0123456789abcdef" for digit in name)
        return (
            f"#{name}" if is_number else NAMES.get(name, name.replace("bright", "bright_")) or None
        )

    return Style(
        color=colour(char.fg),
        bgcolor=colour(char.bg),
        bold=char.bold or None,
        italic=char.italics or None,
    )


def svg_of(screen: pyte.Screen, title: str) -> str:
    """A screen as self-contained SVG."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(text_of(screen), no_wrap=True, crop=True)
    return console.export_svg(
        title=title, theme=DIMMED_MONOKAI, code_format=TEMPLATE, unique_id="terminal"
    )


def check(folder: Path) -> None:
    """`kata check` of the untouched first kata."""
    _quietly("kata next", folder)
    _save("check.svg", run_in_terminal("kata check", folder), "kata check")


def standing(folder: Path) -> None:
    """`kata` alone, after the first kata was handed out."""
    _quietly("kata next", folder)
    _save("standing.svg", run_in_terminal("kata", folder), "kata")


def report(folder: Path) -> None:
    """The report page of the untouched first kata, in Chromium."""
    from playwright.sync_api import sync_playwright  # late: only this picture needs a browser

    _quietly("kata next", folder)
    _quietly("kata check --html report.html", folder)
    program = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox"] if os.geteuid() == 0 else []
        )
        page = browser.new_page(
            viewport={"width": PAGE_WIDTH, "height": PAGE_HEIGHT}, color_scheme="light"
        )
        page.goto((folder / "report.html").as_uri())
        page.wait_for_load_state("networkidle")
        page.screenshot(path=FOLDER / "report.png")
        browser.close()


PICTURES: dict[str, Callable[[Path], None]] = {
    "check": check,
    "standing": standing,
    "report": report,
}


def _quietly(command: str, folder: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command}: {done.stdout}{done.stderr}")


def _save(name: str, screen: pyte.Screen, title: str) -> None:
    (FOLDER / name).write_text(svg_of(screen, title), encoding="utf-8")


if __name__ == "__main__":
    for wanted in sys.argv[1:] or PICTURES:
        with tempfile.TemporaryDirectory() as work:
            folder = Path(work, "play")
            folder.mkdir()
            PICTURES[wanted](folder)
