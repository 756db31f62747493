"""The page of environment variables has those that the code reads, and no others."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,}")

BY_OTHERS = {
    "COLUMNS": "rich and typer, for the width",
    "NO_COLOR": "rich",
    "FORCE_COLOR": "rich",
    "XDG_CACHE_HOME": "platformdirs",
    "WATCHFILES_FORCE_POLLING": "watchfiles",
    "VISUAL": "kata open",
    "EDITOR": "kata open",
    "BROWSER": "kata report",
    "DISPLAY": "kata report",
    "WAYLAND_DISPLAY": "kata report",
    "SSH_CONNECTION": "kata report",
    "SSH_TTY": "kata report",
    "PYTHONBREAKPOINT": "kata run",
    "KUBERNETES_SERVICE_HOST": "kata profile",
}
"""Variables that the grader's code does not name, and who reads them."""

TOLD_TO_SOLUTIONS = {"UPSTREAM_URL", "DATABASE_URL", "FILES_DIR"}

SET = {"PYTHONDONTWRITEBYTECODE", "RUST_BACKTRACE"}
"""Variables that the grader sets for its processes."""


def sources() -> Iterator[Path]:
    for path in (ROOT / "grader").rglob("*.py"):
        if "junk" not in path.parts:
            yield path


def variables_of(source: str) -> set[str]:
    """Variables that a module reads: `envvar` of options; if it has to do with the environment, constants that look
    like one, too.
    """
    tree = ast.parse(source)
    options = {
        word.value
        for word in ast.walk(tree)
        if isinstance(word, ast.keyword) and word.arg == "envvar"
    }
    found = {text for option in options for text in constants(option)}
    if re.search(r"\bos\.(environ|getenv)\b|\benviron\.get\b|\benviron\[", source):
        named = [node.value for node in tree.body if isinstance(node, ast.Assign)]
        used = [
            node.slice
            for node in ast.walk(tree)
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load)
        ]
        called = [
            argument
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            for argument in node.args
        ]
        compared = [node.left for node in ast.walk(tree) if isinstance(node, ast.Compare)]
        found |= {text for node in (*named, *used, *called, *compared) for text in constants(node)}
    return found


def constants(node: ast.AST) -> set[str]:
    """Texts that look like a variable: one, or those of a tuple."""
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    texts = (
        part.value
        for part in parts
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    )
    return {text for text in texts if VARIABLE.fullmatch(text)}


def documented() -> set[str]:
    return {name for span in re.findall(r"`([^`\n]+)`", PAGE) for name in VARIABLE.findall(span)}


def test_every_variable_that_the_code_reads_is_documented() -> None:
    read = set().union(*(variables_of(path.read_text(encoding="utf-8")) for path in sources()))
    assert {"KATA_PATH", "KATA_SANDBOX", "KATA_POSTGRES_URL", "VIRTUAL_ENV"} <= read
    assert read - SET - documented() == set()


def test_every_documented_variable_is_read_by_somebody() -> None:
    read = set().union(*(variables_of(path.read_text(encoding="utf-8")) for path in sources()))
    assert documented() - read - set(BY_OTHERS) - TOLD_TO_SOLUTIONS == set()


def test_variables_are_found_in_all_forms() -> None:
    source = """
import os
NAMES = ("FIRST_ONE", "SECOND_ONE")
THIRD = "THIRD_ONE"
fourth = os.environ.get("FOURTH_ONE") or os.environ["FIFTH_ONE"]
is_there = "SIXTH_ONE" in os.environ
option = Option("--seventh", envvar="SEVENTH_ONE")
os.environ["NOT_READ"] = "1"
"""
    assert variables_of(source) == {
        f"{name}_ONE"
        for name in ("FIRST", "SECOND", "THIRD", "FOURTH", "FIFTH", "SIXTH", "SEVENTH")
    }
    assert variables_of("METHOD = 'GET'\nOption(envvar='ONLY_THIS')") == {"ONLY_THIS"}
