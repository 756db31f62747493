"""Formats generated source text: imports, long lines, prose."""

import ast
import re
import sys
import textwrap
from collections.abc import Iterable, Sequence

WIDTH = 140
PROSE_WIDTH = 120
"""Maximum length of a line of code and of a line of prose."""

INDENT = "    "
WHOLE = re.compile(r"`[^`]*`|<!--.*?-->")
"""Code and comments, which are not broken across lines."""

STANDARD, INSTALLED, OWN = range(3)
"""The sections of imports, in order."""


def imports(statements: Iterable[str]) -> str:
    """Merge import statements into one sorted block with sections, without duplicates, one statement per module.

    Args:
        statements: each `import x` or `from x import y, z`.
    """
    modules: set[str] = set()
    members: dict[str, set[str]] = {}
    for statement in statements:
        (node,) = ast.parse(statement).body
        if isinstance(node, ast.Import):
            modules.update(map(_written, node.names))
        elif isinstance(node, ast.ImportFrom):
            members.setdefault(node.module or "", set()).update(map(_written, node.names))
    sections: dict[int, list[str]] = {}
    for module in sorted(modules, key=str.lower):
        sections.setdefault(_section(module), []).append(f"import {module}")
    for module in sorted(members, key=str.lower):
        sections.setdefault(_section(module), []).append(
            _import_from(module, sorted(members[module], key=_rank))
        )
    return "\n\n".join("\n".join(sections[section]) for section in sorted(sections))


def fitted(head: str, items: Sequence[str], tail: str) -> str:
    """A bracketed list on one line; if that is too long, with all items on the next line, or with one item per line.

    Args:
        head: the text up to and including the opening bracket, with its indentation.
        items: the items within the brackets.
        tail: the text from the closing bracket on.
    """
    margin = head[: len(head) - len(head.lstrip())]
    together = ", ".join(items)
    if len(head + together + tail) <= WIDTH:
        return head + together + tail
    if len(margin + INDENT + together) <= WIDTH:
        return "\n".join((head, margin + INDENT + together, margin + tail))
    return "\n".join((head, *(f"{margin}{INDENT}{item}," for item in items), margin + tail))


def entered(contexts: Sequence[str], margin: str) -> str:
    """The statement `async with …:` on one line or, if that is too long, with one context per line."""
    line = f"{margin}async with {', '.join(contexts)}:"
    if len(line) <= WIDTH:
        return line
    return "\n".join(
        (
            f"{margin}async with (",
            *(f"{margin}{INDENT}{context}," for context in contexts),
            f"{margin}):",
        )
    )


def filled(text: str, indent: str = "") -> str:
    """A paragraph, wrapped to `PROSE_WIDTH`; code in backquotes and comments are not broken.

    Args:
        text: the paragraph, with any line breaks.
        indent: the indentation of all lines but the first.
    """
    lines = textwrap.fill(
        WHOLE.sub(lambda span: span[0].replace(" ", "\0"), " ".join(text.split())),
        PROSE_WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return lines.replace("\0", " ")


def listed(words: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def _written(name: ast.alias) -> str:
    return f"{name.name} as {name.asname}" if name.asname else name.name


def _section(module: str) -> int:
    top = module.partition(".")[0]
    return OWN if top == "grader" else STANDARD if top in sys.stdlib_module_names else INSTALLED


def _import_from(module: str, names: Sequence[str]) -> str:
    line = f"from {module} import {', '.join(names)}"
    return (
        line
        if len(line) <= WIDTH
        else "\n".join((f"from {module} import (", *(f"{INDENT}{name}," for name in names), ")"))
    )


def _rank(name: str) -> tuple[int, str]:
    """Sort key: constants come first, then classes, then the rest."""
    return (0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2), name.lower()
