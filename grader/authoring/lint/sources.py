"""Lints the Python sources of a kata: its checks, its starter, its preparation. Pure."""

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
)
from grader.authoring.proof import Problem
from grader.catalog.manifest import Kata
from grader.checks.preparation import FUNCTION, TASKS

TELLTALES = re.compile(r"\b(bugs?|buggy|fix|fixme|todo|blocks|wrong)\b", re.IGNORECASE)
"""Words that show learners where to look, so no comment of a starter may have them. Docstrings and names are up to the
author.
"""


def lint_checks(files: Files) -> Iterator[Problem]:
    """Each check is an `async def test_…` with a docstring and a unique name."""
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
    """The starter does not give the answer away: it is not an accepted example, and no comment has a word of
    `TELLTALES`.
    """
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
    """`run.py`, if it exists, defines `async def prepare` with a docstring and only services of the kata as
    arguments.
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
        return ast.parse(files[name])
    except SyntaxError as error:
        yield Problem(name, f"is not valid Python: {error.msg}.", error.lineno)
        return None


def _docstring_problems(name: str, function: Function) -> Iterator[Problem]:
    if not (ast.get_docstring(function) or "").strip():
        text = f"{function.name} has no docstring, which learners are shown; add one sentence."
        yield Problem(name, text, function.lineno)


def _code(source: str) -> str:
    """The code without comments and layout; the text itself when it is not valid Python."""
    try:
        return ast.unparse(ast.parse(source))
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
