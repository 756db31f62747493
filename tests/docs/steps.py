"""Extracts the commands from a page and runs them: they must print what the page shows."""

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from grader.errors import ExitCode
from tests.conftest import KATA

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(
    r"(Write|Append to|Change two lines in|Change a line in|Add a line to) `([^`]+)`:\s*\Z"
)
REPLACE = (
    "import pathlib, sys; path, old, new = sys.argv[1:]; "
    "text = (path := pathlib.Path(path)).read_text(); assert old in text; "
    "path.write_text(text.replace(old, new))"
)
EXIT_CODE = re.compile(r"exit code (\d+)")
MARK = "=== exit code of the command above:"


@dataclass(frozen=True)
class Step:
    """One command of a page.

    Attributes:
        command: for the shell.
        code: the expected exit code.
        shown: the output that the page shows, with `…` for what is left out.
    """

    command: str
    code: int
    shown: str


def read_steps(page: str) -> Iterator[Step]:
    """The commands of a page; a file that the page tells readers to write becomes a command, too."""
    for block in BLOCK.finditer(page):
        kind, content = block.groups()
        target = TARGET.search(page, 0, block.start())
        if kind == "console":
            yield from read_commands(content)
        elif target and kind == "diff":
            for old, new in read_changes(content):
                yield Step(
                    f"python3 -c {shlex.quote(REPLACE)} {target[2]} {shlex.quote(old)} {shlex.quote(new)}",
                    0,
                    "",
                )
        elif target:
            arrow = ">" if target[1] == "Write" else ">>"
            yield Step(f"printf %s {shlex.quote(content)} {arrow} {shlex.quote(target[2])}", 0, "")


def read_changes(diff: str) -> Iterator[tuple[str, str]]:
    """The old and the new text of each change: lines that replace a line, or are added below one."""
    for kind, old, added in re.findall(r"^([ -])(.*)\n((?:\+.*\n)+)", diff, re.MULTILINE):
        lines = [line.removeprefix("+") for line in added.splitlines()]
        yield old, "\n".join([old, *lines] if kind == " " else lines)


def read_commands(console: str) -> Iterator[Step]:
    """The command after each prompt, with the output and the exit code below it."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        codes = [int(found[1]) for line in lines if (found := EXIT_CODE.fullmatch(line))]
        yield Step(
            command,
            codes[0] if codes else 0,
            "\n".join(line for line in lines if not EXIT_CODE.fullmatch(line)),
        )


def run_steps(steps: list[Step], folder: Path) -> list[tuple[int, str]]:
    """Run all in one shell, so that `cd` and `export` last; returns exit code and output of each."""
    script = "\n".join(f"{step.command}\nprintf '\\n{MARK}%d\\n' $?" for step in steps)
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("KATA_", "PYTEST_"))
    }
    environ = {
        **clean,
        "PATH": f"{KATA.parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "80",
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    parts = re.split(rf"^{MARK}(\d+)\n", done.stdout, flags=re.MULTILINE)
    return [(int(code), output) for output, code in zip(parts[::2], parts[1::2], strict=False)]


def shows(output: str, shown: str) -> bool:
    """Whether the parts between `…` occur in the output in this order; layout does not matter."""
    rest = " ".join(output.split())
    for part in shown.split("…"):
        wanted = " ".join(part.split())
        if wanted not in rest:
            return False
        rest = rest[rest.index(wanted) + len(wanted) :]
    return True


FIGURES = re.compile(r" +[\d.]+ m?s \(limit [\d.]+ m?s\) *$", re.MULTILINE)
"""Figures at the end of a line; their width decides where the words before them wrap."""
NUMBER = re.compile(r"\d+(\.\d+)?( m?s\b)?")
BARS = re.compile(r"(?:█+▒?\s+(?:0|unanswered)\s*)+")
STALLS = re.compile(r"The event loop was blocked.*?(?=\n\s*\n|\Z)", re.DOTALL)
"""How often the loop is blocked, and where else, depends on other work of the machine. The sentence explains a verdict
and is not part of it.
"""


def loosely(text: str) -> str:
    """The text without what differs between runs: figures of checks and stalls are removed, numbers become 0, and all
    bars of a picture become one.
    """
    return BARS.sub("█ 0\n", NUMBER.sub("0", FIGURES.sub("", STALLS.sub("", text))))


def could_not_tell(code: int, output: str) -> bool:
    """Whether a command reports that the machine was too busy for a verdict or a proof."""
    return code == ExitCode.INCONCLUSIVE or (
        code == ExitCode.BROKEN and "verify again on a quieter machine" in output
    )


def check_steps(steps: list[Step], folder: Path, normalize: Callable[[str], str] = str) -> None:
    """Run all in this folder, and assert that each exits and prints as the page shows.

    Stops at an inconclusive verdict: the machine was too busy for what the page shows from there on.

    Args:
        steps: in their order.
        folder: the first working directory.
        normalize: applied to both outputs before they are compared.
    """
    results = run_steps(steps, folder)
    assert len(results) == len(steps)
    for step, (code, output) in zip(steps, results, strict=True):
        if could_not_tell(code, output):
            return
        assert code == step.code, f"$ {step.command}\n{output}"
        assert shows(normalize(output), normalize(step.shown)), (
            f"$ {step.command}\n{output}\nThe page shows:\n{step.shown}"
        )
