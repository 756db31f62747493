"""Compares the files of a kata's package with what its manifest declares. Pure."""

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from grader.authoring.lint.package import (
    CHECKS,
    MUTANTS,
    README,
    REFERENCE,
    RUN,
    STARTER,
    Files,
    Function,
    check_names,
    examples_in,
    line_in_manifest,
    parsed_source,
)
from grader.authoring.proof import Problem
from grader.catalog.card import MANIFEST
from grader.catalog.load import METHODS
from grader.catalog.manifest import Kata
from grader.services.service import services_of

EXAMPLE_FOLDERS = ("accepted", "rejected")

OTHER_ROUTES = ("include_router", "add_api_route", "add_route", "api_route", "mount")
"""Ways to add routes that `_routes` does not parse."""


def lint_readme(files: Files) -> Iterator[Problem]:
    """Check that README has a title and a section with further reading."""
    text = files.get(README)
    if text is None:
        yield Problem(README, "is missing: it tells learners what to fix.")
        return
    if not text.startswith("# "):
        yield Problem(README, "must begin with the title, `# …`.", 1)
    if not re.search(r"^## Read more\s*$", text, re.MULTILINE):
        yield Problem(README, "has no section `## Read more`.")


def lint_files(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that every file belongs in a kata."""
    of_services = {name for service in services_of(kata) for name in service.files_of(kata)}
    for name in files:
        path = PurePosixPath(name)
        is_example = (
            len(path.parts) == 2 and path.parts[0] in EXAMPLE_FOLDERS and path.suffix == ".py"
        )
        known = {MANIFEST, README, CHECKS, RUN, MUTANTS, STARTER, *of_services}
        if not is_example and name not in known:
            yield Problem(name, "does not belong in a kata; remove it.")


def lint_examples(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that starter, reference and a rejected example exist, and that all rejected examples are declared."""
    for name, purpose in (
        (STARTER, "learners begin with it"),
        (REFERENCE, "clock limits are compared with it"),
    ):
        if name not in files:
            yield Problem(name, f"is missing: {purpose}.")
    rejected = examples_in(files, "rejected")
    if not rejected:
        yield Problem("rejected", "has no examples; add at least one wrong fix.")
    declared = {f"rejected/{mistake.file}" for mistake in kata.mistakes}
    for name in rejected:
        if name not in declared:
            yield Problem(
                name, f"is not declared; add [rejected.{PurePosixPath(name).stem}] to {MANIFEST}."
            )
    for mistake in kata.mistakes:
        if f"rejected/{mistake.file}" not in rejected:
            table = f"rejected.{mistake.file.removesuffix('.py')}"
            yield Problem(
                MANIFEST,
                f"declares [{table}], but there is no rejected/{mistake.file}.",
                line_in_manifest(files, table),
            )


def lint_accepted(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that declared accepted examples exist."""
    accepted = [PurePosixPath(name).stem for name in examples_in(files, "accepted")]
    for name in kata.declared_accepted:
        if name not in accepted:
            near = difflib.get_close_matches(name, accepted, 1)
            meant = f" Did you mean accepted/{near[0]}.py?" if near else ""
            table = f"accepted.{name}"
            yield Problem(
                MANIFEST,
                f"declares [{table}], but there is no {table.replace('.', '/', 1)}.py.{meant}",
                line_in_manifest(files, table),
            )


def lint_declared_checks(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that every check named under `fails` or `may_fail` exists."""
    names = check_names(files)
    if not names:
        return
    declared = [("starter", kata.starter_fails)]
    declared += [
        (f"rejected.{mistake.file.removesuffix('.py')}", mistake.fails + mistake.may_fail)
        for mistake in kata.mistakes
    ]
    for table, fails in declared:
        for name in fails:
            if name not in names:
                yield Problem(
                    MANIFEST,
                    f"[{table}] names {name}, but {CHECKS} has no such check.",
                    line_in_manifest(files, table, name),
                )


def lint_load(kata: Kata, files: Files) -> Iterator[Problem]:
    """Check that every request of `[run]` matches a route of the starter, if all its routes can be parsed."""
    routes = list(_routes(files.get(STARTER, "")))
    if not routes:
        return
    for key, requests in (("first", kata.run.first), ("load", kata.run.load)):
        for request in requests:
            path = request.of_visitor(1).path.partition("?")[0]
            if not any(
                method == request.method and pattern.fullmatch(path) for method, pattern in routes
            ):
                yield Problem(
                    MANIFEST,
                    f"`run.{key}` requests {request.method} {request.path}, but {STARTER} has no such route.",
                    line_in_manifest(files, "run", request.path),
                )


def _routes(source: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Method and path pattern of each route added by a decorator `@app.METHOD("PATH")`; empty if the source also adds
    routes in other ways.
    """
    try:
        tree = parsed_source(source)
    except SyntaxError:
        return
    if any(
        isinstance(node, ast.Attribute) and node.attr in OTHER_ROUTES for node in ast.walk(tree)
    ):
        return
    for function in ast.walk(tree):
        for call in function.decorator_list if isinstance(function, Function) else ():
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr.upper() in METHODS
                and call.args
            ):
                path = call.args[0]
                if isinstance(path, ast.Constant) and isinstance(path.value, str):
                    parts = re.split(r"\{[^}]*\}", path.value)
                    yield call.func.attr.upper(), re.compile("[^/]+".join(map(re.escape, parts)))
