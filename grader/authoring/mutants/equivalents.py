"""Reads `mutants.toml`: the mutants that behave like the reference, each with a reason. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from grader.authoring.lint.package import MUTANTS, Files
from grader.authoring.proof import Problem
from grader.catalog.table import parsed_toml

REASON = "reason"


@dataclass(frozen=True)
class Equivalent:
    """A mutant that no check can tell from the reference.

    Attributes:
        key: of the mutant: "drop-await:57".
        reason: why it behaves the same.
        line: in `mutants.toml`.
    """

    key: str
    reason: str
    line: int | None


def equivalents_in(files: Files) -> list[Equivalent]:
    """The declared equivalents; those that cannot be read are left out, and reported by `lint_equivalents`."""
    try:
        tables = parsed_toml(files.get(MUTANTS, ""))
    except ValueError:
        return []
    return [
        Equivalent(key, table[REASON], _line(files, key))
        for key, table in tables.items()
        if not _fault(key, table)
    ]


def lint_equivalents(files: Files) -> Iterator[Problem]:
    """Check that `mutants.toml` can be read, and gives a reason for every mutant."""
    try:
        tables = parsed_toml(files.get(MUTANTS, ""))
    except ValueError as error:
        yield Problem(MUTANTS, f"is not valid TOML: {error}.")
        return
    for key, table in tables.items():
        if fault := _fault(key, table):
            yield Problem(MUTANTS, fault, _line(files, key))


def _fault(key: str, table: object) -> str:
    """What is wrong with an entry; empty if it is right."""
    if not isinstance(table, dict):
        return f'`{key}` is not a table; write ["OPERATOR:LINE"] and, below it, {REASON} = "…".'
    unknown = [name for name in table if name != REASON]
    if unknown:
        return f'["{key}"] has an unknown key, `{unknown[0]}`; only `{REASON}` is allowed.'
    reason = table.get(REASON)
    if not isinstance(reason, str) or not reason.strip():
        return f'["{key}"] has no `{REASON}`; say why this mutant behaves like the reference.'
    return ""


def _line(files: Files, key: str) -> int | None:
    """The number of the first line that has this key, in quotes or not."""
    for number, line in enumerate(files[MUTANTS].split("\n"), 1):
        bare = line.strip().lstrip("[")
        if bare.startswith((f'"{key}"', f"'{key}'", f"{key}")):
            return number
    return None
