"""Lints a kata's Python sources: checks, starter and `run.py`. Pure."""

import ast
import io
import re
import tokenize
from collections.abc import Generator, Iterator

from grader.authoring.lint.package import (
    CHECKS,
    RUN,
    STARTER,
    Files,
    Function,
    check_functions,
    examples_in,
    parsed_source,
)
from grader.authoring.proof import Problem
from grader.catalog.manifest import Kata
from grader.checks.preparation import FUNCTION, TASKS

TELLTALES = re.compile(r"\b(bugs?|buggy|fix|fixme|todo|blocks|wrong)\b", re.IGNORECASE)
"""Words that give the answer away. They are refused in comments of a starter; docstrings and names are not checked."""


def lint_checks(files: Files) -> Iterator[Problem]:
    """Check that each check is an `async def test_…` with a docstring and a unique name."""
    if CHECKS not in files:
        yield Problem(CHECKS, "is missing.")
        return
    tree = yield from _parsed(files, CHECKS)
    if tree is None:
        return
    lines: dict[str, int] = {}
    for function in check_functions(tree):
        if function.name in lines:
            text = f"{function.name} redefines the check on line {lines[function.name]}; rename one of them."
            yield Problem(CHECKS, text, function.lineno)
        lines.setdefault(function.name, function.lineno)
        if not isinstance(function, ast.AsyncFunctionDef):
            yield Problem(CHECKS, f"{function.name} must be an `async def`.", function.lineno)
        yield from _docstring_problems(CHECKS, function)
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            text = f"{node.name} is a class; write each check as a function."
            yield Problem(CHECKS, text, node.lineno)
    if not lines:
        yield Problem(CHECKS, "has no checks.")


def lint_starter(files: Files) -> Iterator[Problem]:
    """Check that the starter is not an accepted example, and that no comment of it has a word of `TELLTALES`."""
    starter = files.get(STARTER)
    if starter is None:
        return
    for name in examples_in(files, "accepted"):
        if _code(files[name]) == _code(starter):
            yield Problem(STARTER, f"has the same code as {name}, which must pass.")
    for line, comment in _comments(starter):
        if word := TELLTALES.search(comment):
            yield Problem(STARTER, f"has a comment that gives the answer away: `{word[0]}`.", line)


def lint_preparation(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that `run.py`, if it exists, defines `async def prepare`.

    The function must have a docstring, and its arguments must be services of the kata.
    """
    if RUN not in files:
        return
    tree = yield from _parsed(files, RUN)
    if tree is None:
        return
    function = next(
        (node for node in tree.body if isinstance(node, Function) and node.name == FUNCTION), None
    )
    if not isinstance(function, ast.AsyncFunctionDef):
        line = function.lineno if function is not None else None
        yield Problem(RUN, f"must define `async def {FUNCTION}`.", line)
        return
    yield from _docstring_problems(RUN, function)
    for argument in function.args.args:
        if argument.arg not in (*kata.services, TASKS):
            yield Problem(
                RUN,
                f"{FUNCTION} takes `{argument.arg}`, which is not a service of this kata.",
                argument.lineno,
            )


def _parsed(files: Files, name: str) -> Generator[Problem, None, ast.Module | None]:
    """The syntax tree of a file; yields the problem and returns None if the file is not valid Python."""
    try:
        return parsed_source(files[name])
    except SyntaxError as error:
        yield Problem(name, f"is not valid Python: {error.msg}.", error.lineno)
        return None


def _docstring_problems(name: str, function: Function) -> Iterator[Problem]:
    if not (ast.get_docstring(function) or "").strip():
        text = f"{function.name} has no docstring, which learners are shown; add one sentence."
        yield Problem(name, text, function.lineno)


def _code(source: str) -> str:
    """The code without comments and layout; the unchanged text if it cannot be parsed."""
    try:
        return ast.unparse(parsed_source(source))
    except SyntaxError:
        return source


def _comments(source: str) -> list[tuple[int, str]]:
    """Line number and text of each comment, up to the first error in the source."""
    found: list[tuple[int, str]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found.append((token.start[0], token.string))
    except (tokenize.TokenError, SyntaxError):
        pass  # a starter that is not valid Python fails its checks
    return found
