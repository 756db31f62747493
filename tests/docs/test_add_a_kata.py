"""The how-to "Add a kata of your own" does what it says: its commands run in order, its files are written."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import KATA

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-kata.md"

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(r"(Write|Append to) `([^`]+)`:\s*\Z")
EXIT_CODE = re.compile(r"exit code (\d+)")
MARK = "=== exit code of the command above:"


@dataclass(frozen=True)
class Step:
    """One command of the page.

    Attributes:
        command: for the shell.
        code: with which it must end.
        shown: what the page shows of its output, `…` for what is left out.
    """

    command: str
    code: int
    shown: str


def read_steps(page: str) -> Iterator[Step]:
    """The commands of a page; a file that it tells to write becomes one, too."""
    for block in BLOCK.finditer(page):
        kind, content = block.groups()
        target = TARGET.search(page, 0, block.start())
        if kind == "console":
            yield from read_commands(content)
        elif target:
            arrow = ">" if target[1] == "Write" else ">>"
            yield Step(f"printf %s {shlex.quote(content)} {arrow} {shlex.quote(target[2])}", 0, "")


def read_commands(console: str) -> Iterator[Step]:
    """The commands after each prompt, with the output and the exit code that follow."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, *lines = part.splitlines()
        codes = [int(found[1]) for line in lines if (found := EXIT_CODE.fullmatch(line))]
        yield Step(command, codes[0] if codes else 0, "\n".join(line for line in lines if not EXIT_CODE.fullmatch(line)))


def run_steps(steps: list[Step], folder: Path) -> list[tuple[int, str]]:
    """Run all in one shell, so that `cd` and `export` hold on; returns the exit code and the output of each."""
    script = "\n".join(f"{step.command}\nprintf '\\n{MARK}%d\\n' $?" for step in steps)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("KATA_", "PYTEST_"))}
    environ = {**clean, "PATH": f"{KATA.parent}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
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
    """Whether the parts between each `…` occur in the output, in this order; layout does not matter."""
    rest = " ".join(output.split())
    for part in shown.split("…"):
        wanted = " ".join(part.split())
        if wanted not in rest:
            return False
        rest = rest[rest.index(wanted) + len(wanted) :]
    return True


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_page_does_what_it_says(tmp_path: Path) -> None:
    steps = list(read_steps(PAGE.read_text(encoding="utf-8")))
    results = run_steps(steps, tmp_path)
    assert len(results) == len(steps)
    for step, (code, output) in zip(steps, results, strict=True):
        assert code == step.code, f"$ {step.command}\n{output}"
        assert shows(output, step.shown), f"$ {step.command}\n{output}\nThe page shows:\n{step.shown}"


def test_the_page_has_the_commands_that_it_must_have() -> None:
    steps = list(read_steps(PAGE.read_text(encoding="utf-8")))
    commands = " | ".join(step.command for step in steps)
    assert [step.code for step in steps if step.command.startswith("kata verify")] == [0, 1, 0]
    assert all(word in commands for word in ("kata new", "kata check", "kata verify", "kata next", "KATA_PATH"))


def test_a_command_that_is_expected_to_fail_says_so() -> None:
    page = "```console\n$ false\nno…\nexit code 1\n$ true\n```\n\nAppend to `a.txt`:\n\n```toml\nit's = 1\n```\n\n```python\nnot run\n```\n"
    assert list(read_steps(page)) == [Step("false", 1, "no…"), Step("true", 0, ""), Step("printf %s 'it'\"'\"'s = 1\n' >> a.txt", 0, "")]


def test_what_is_shown_must_occur_in_its_order() -> None:
    assert shows("one\n  two three\n", "one\n…three")
    assert not shows("three one", "one…three")
