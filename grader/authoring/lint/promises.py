"""Compares the durations in README and checks with the promises of the manifest. Pure."""

import ast
import math
import re
from collections.abc import Iterator

from grader.authoring.lint.package import CHECKS, README, Files, line_in_manifest, parsed_source
from grader.authoring.lint.readme import (
    HOLD,
    Block,
    Duration,
    blocks_of,
    bullets_of,
    durations_in,
    heading_line,
)
from grader.authoring.proof import Problem
from grader.catalog.card import MANIFEST
from grader.catalog.manifest import Kata
from grader.catalog.promises import DEFAULT, Promises

TABLE = "promises"
SUFFIX, RATE = "_s", "_per_s"
"""Endings of names that hold seconds, and of names that hold rates."""

BEGINNING = "Where nothing else is said, what must happen happens within"
_SENTENCE = re.compile(rf"{re.escape(BEGINNING)} (?P<duration>[^.]*(?:\.\d+[^.]*)?)\.")


def sentence_of(default_s: float) -> str:
    """The fixed sentence, which states the default in a README."""
    return f"{BEGINNING} {default_s:g} s."


def lint_durations(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that each duration in a bullet is a promise, and that README states each promise."""
    bullets = bullets_of(files.get(README, ""))
    for bullet in bullets:
        for duration in bullet.durations:
            if not _names_of(kata.promises, duration.seconds):
                advice = _advice(kata.promises, duration)
                problem = f'has a bullet with "{duration.text}", which is no promise; {advice}'
                yield Problem(README, problem, _line_of(bullet, duration))
    stated = [duration.seconds for bullet in bullets for duration in bullet.durations]
    for name, seconds in kata.promises.items():
        if name != DEFAULT and not any(_is_same(seconds, one) for one in stated):
            problem = (
                f"[{TABLE}] has {name} = {seconds:g}, but no bullet of {README} says {seconds:g} s."
            )
            yield Problem(MANIFEST, problem, line_in_manifest(files, TABLE, name))


def lint_sentence(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that README states the default in the fixed sentence, as a paragraph after what must hold."""
    text = files.get(README, "")
    wanted = sentence_of(kata.promises.default_s)
    blocks = [block for block in blocks_of(text) if block.heading == HOLD]
    paragraphs = [block for block in blocks if BEGINNING in block.prose]
    if not paragraphs:
        problem = f'does not state {DEFAULT}; add after the bullets of `## {HOLD}`: "{wanted}"'
        yield Problem(README, problem, heading_line(text, HOLD))
        return
    block = paragraphs[0]
    said = _SENTENCE.fullmatch(block.prose)
    found = durations_in(said["duration"]) if said else ()
    if len(found) != 1 or block.is_bullet:
        problem = f'must state {DEFAULT} in a paragraph of its own: "{wanted}"'
        yield Problem(README, problem, block.line)
    elif not _is_same(found[0].seconds, kata.promises.default_s):
        problem = (
            f"says {found[0].text}, but {MANIFEST} has {DEFAULT} = {kata.promises.default_s:g}."
        )
        yield Problem(README, problem, block.line)


def lint_numbers(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that `checks.py` takes durations from `promised`: no constant and no number stands in for one."""
    try:
        tree = parsed_source(files.get(CHECKS, ""))
    except SyntaxError:
        return  # `lint_checks` reports it
    for name, seconds, line in constants_of(tree):
        yield _stands_in(kata, f"`{name} = {seconds:g}`", seconds, line)
    for node in ast.walk(tree):
        for name, value in _arguments(node):
            if (number := _number(value)) and _holds_seconds(name):
                yield _stands_in(kata, f"`{name}={number:g}`", number, value.lineno)


def constants_of(tree: ast.Module) -> Iterator[tuple[str, float, int]]:
    """Name, value and line of each constant `NAME_S` of a module that is a plain number."""
    for statement in tree.body:
        number = _number(getattr(statement, "value", None))
        for target in _targets(statement):
            if number is not None and _holds_seconds(target.lower()):
                yield target, number, statement.lineno


def _holds_seconds(name: str) -> bool:
    return name.endswith(SUFFIX) and not name.endswith(RATE)


def _targets(statement: ast.stmt) -> list[str]:
    """The names that a statement assigns to."""
    match statement:
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def _arguments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Keyword arguments of a call, and defaults of a function's parameters."""
    match node:
        case ast.Call(keywords=keywords):
            yield from ((word.arg, word.value) for word in keywords if word.arg is not None)
        case ast.arguments():
            places = [*node.posonlyargs, *node.args]
            with_default = places[len(places) - len(node.defaults) :]
            for argument, default in [
                *zip(with_default, node.defaults, strict=True),
                *zip(node.kwonlyargs, node.kw_defaults, strict=True),
            ]:
                if default is not None:
                    yield argument.arg, default


def _number(node: ast.expr | None) -> float | None:
    """The value of an expression of nothing but numbers; None for all others."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return _as_float(value)
        case ast.UnaryOp(op=ast.USub(), operand=operand) if (
            number := _number(operand)
        ) is not None:
            return -number
        case ast.BinOp(left=left, right=right):
            first, second = _number(left), _number(right)
            return None if first is None or second is None else _computed(node, first, second)
        case _:
            return None


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf  # a literal is never negative


def _computed(node: ast.BinOp, first: float, second: float) -> float:
    match node.op:
        case ast.Add():
            return first + second
        case ast.Sub():
            return first - second
        case ast.Div() if second:
            return first / second
        case _:
            return first * second


def _stands_in(kata: Kata, what: str, seconds: float, line: int) -> Problem:
    names = _names_of(kata.promises, seconds)
    use = f"`promised.{names[0]}`" if names else "a promise"
    return Problem(CHECKS, f"has {what}; take durations from README: use {use}.", line)


def _names_of(promises: Promises, seconds: float) -> list[str]:
    return [name for name, value in promises.items() if _is_same(value, seconds)]


def _is_same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-6)


def _advice(promises: Promises, duration: Duration) -> str:
    if not 0 < duration.seconds < math.inf:
        return "say it without a number, because a promise is longer than 0 s and finite."
    name, seconds = min(promises.items(), key=lambda item: abs(item[1] - duration.seconds))
    add = f"add it to [{TABLE}] of {MANIFEST}"
    return f"{add}, or say {seconds:g} s for {name}."


def _line_of(bullet: Block, duration: Duration) -> int:
    """The line with a duration; the bullet's first line if the duration is broken across lines."""
    places = (number for number, line in enumerate(bullet.lines) if duration.text in line)
    return bullet.line + next(places, 0)
