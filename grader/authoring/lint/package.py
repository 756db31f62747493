"""Reads a kata's package, and finds checks, examples and lines of the manifest in its files."""

import ast
from collections.abc import Mapping
from pathlib import Path

from grader.catalog.card import MANIFEST

README, CHECKS, RUN = "README.md", "checks.py", "run.py"
STARTER, REFERENCE = "starter/app.py", "accepted/reference.py"
MUTANTS = "mutants.toml"
CACHE = "__pycache__"

DEEPEST = 100
"""How many levels of Python syntax may be nested in one another."""

Files = Mapping[str, str]
"""The text of each file of a kata by its path within the kata's folder."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def read_package(folder: Path) -> dict[str, str]:
    """Read all files of a kata except caches; bytes that are not UTF-8 are replaced.

    Raises:
        OSError: a file cannot be read.
    """
    paths = [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and CACHE not in path.relative_to(folder).parts
    ]
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8", errors="replace")
        for path in paths
    }


def parsed_source(source: str) -> ast.Module:
    """Parse Python source that can be handled without running out of stack.

    Raises:
        SyntaxError: it is not valid, or nested too deeply.
    """
    try:
        tree = ast.parse(source)
    except (RecursionError, MemoryError):
        raise SyntaxError(f"more than {DEEPEST} levels are nested") from None
    except ValueError as error:  # early releases of Python 3.11, at a null character
        raise SyntaxError(str(error)) from None
    level: list[ast.AST] = [tree]
    for _ in range(DEEPEST):
        level = [below for node in level for below in ast.iter_child_nodes(node)]
    if level:
        too_deep = SyntaxError(f"more than {DEEPEST} levels are nested")
        too_deep.lineno = next((node.lineno for node in level if hasattr(node, "lineno")), None)
        raise too_deep
    return tree


def check_names(files: Files) -> tuple[str, ...]:
    """Names of the checks in the order in which they run; empty when `checks.py` cannot be parsed."""
    return tuple(check_lines(files))


def check_lines(files: Files) -> dict[str, int]:
    """By name the line of each check, in the order in which they run; empty when `checks.py` cannot be parsed."""
    try:
        functions = check_functions(parsed_source(files.get(CHECKS, "")))
    except SyntaxError:
        return {}
    return {function.name: function.lineno for function in functions}


def check_functions(tree: ast.Module) -> list[Function]:
    """The functions at the top of a module that pytest would collect, async or not."""
    return [
        node for node in tree.body if isinstance(node, Function) and node.name.startswith("test")
    ]


def examples_in(files: Files, folder: str) -> list[str]:
    """Paths of the examples in `accepted` or `rejected`."""
    return [name for name in files if name.startswith(f"{folder}/") and name.endswith(".py")]


def line_in_manifest(files: Files, table: str, word: str = "") -> int | None:
    """The number of the first line in a table of `kata.toml` that has this word; without a word, of its header."""
    is_inside = False
    for number, line in enumerate(files.get(MANIFEST, "").split("\n"), 1):
        if line.strip().startswith("["):
            is_inside = line.strip().startswith(f"[{table}]")
        if is_inside and (word in line if word else True):
            return number
    return None
