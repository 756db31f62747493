"""Lints a kata's package: everything that is known of it without running it. Pure; `read_package` alone reads files."""

import ast
import difflib
import io
import re
import tokenize
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from grader.authoring.proof import Problem
from grader.catalog.card import MANIFEST
from grader.catalog.load import METHODS
from grader.catalog.manifest import Kata
from grader.checks.preparation import FUNCTION, TASKS
from grader.services.service import services_of

README, CHECKS, RUN = "README.md", "checks.py", "run.py"
STARTER, REFERENCE = "starter/app.py", "accepted/reference.py"
CACHE = "__pycache__"
EXAMPLE_FOLDERS = ("accepted", "rejected")

TELLTALES = re.compile(r"\b(bugs?|buggy|fix|fixme|todo|blocks|wrong)\b", re.IGNORECASE)
"""Words that no comment of a starter may have: whoever reads one knows where to look. Words only, and only in comments:
what else the starter says is the author's to judge."""

OTHER_ROUTES = ("include_router", "add_api_route", "add_route", "api_route", "mount")
"""Ways to make routes that are not read here."""

Files = Mapping[str, str]
"""The text of each file of a kata by its path within the kata's folder."""


def read_package(folder: Path) -> dict[str, str]:
    """All files of a kata; caches are left out. What is no text is read as well as it can be.

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


def lint_package(kata: Kata, files: Files) -> list[Problem]:
    """All that is wrong with a kata's package, in the order of its files."""
    return [
        *lint_readme(files),
        *lint_files(kata, files),
        *lint_checks(files),
        *lint_examples(kata, files),
        *lint_accepted(kata, files),
        *lint_declarations(kata, files),
        *lint_starter(files),
        *lint_preparation(kata, files),
        *lint_load(kata, files),
    ]


def check_names(files: Files) -> tuple[str, ...]:
    """Names of the checks in the order in which they run; none when `checks.py` cannot be read."""
    return tuple(dict.fromkeys(function.name for function in _checks(files)))


def lint_readme(files: Files) -> Iterator[Problem]:
    """The learner's text has a title and leads on to further reading."""
    text = files.get(README)
    if text is None:
        yield Problem(README, "is missing: it is what the learner reads.")
        return
    if not text.startswith("# "):
        yield Problem(README, "must begin with the title, `# …`.", 1)
    if not re.search(r"^## Read more\s*$", text, re.MULTILINE):
        yield Problem(README, "has no section `## Read more`.")


def lint_files(kata: Kata, files: Files) -> Iterator[Problem]:
    """Nothing lies in the folder that is no part of a kata."""
    of_services = {name for service in services_of(kata) for name in service.files_of(kata)}
    for name in files:
        path = PurePosixPath(name)
        is_example = (
            len(path.parts) == 2 and path.parts[0] in EXAMPLE_FOLDERS and path.suffix == ".py"
        )
        if not is_example and name not in {MANIFEST, README, CHECKS, RUN, STARTER, *of_services}:
            yield Problem(name, "is no part of a kata; remove it.")


def lint_checks(files: Files) -> Iterator[Problem]:
    """Each check is an `async def test_…` with a docstring and a name of its own."""
    if CHECKS not in files:
        yield Problem(CHECKS, "is missing.")
        return
    try:
        tree = ast.parse(files[CHECKS])
    except SyntaxError as error:
        yield Problem(CHECKS, f"cannot be read: {error.msg}.", error.lineno)
        return
    lines: dict[str, int] = {}
    for function in _functions(tree):
        if function.name in lines:
            text = (
                f"{function.name} hides the check of "
                "the same name in line "
                f"{lines[function.name]}; give it another name."
            )
            yield Problem(CHECKS, text, function.lineno)
        lines.setdefault(function.name, function.lineno)
        if not isinstance(function, ast.AsyncFunctionDef):
            yield Problem(CHECKS, f"{function.name} must be an `async def`.", function.lineno)
        if not (ast.get_docstring(function) or "").strip():
            yield Problem(
                CHECKS,
                f"{function.name} has no docstring, which the learner would read.",
                function.lineno,
            )
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            yield Problem(CHECKS, f"{node.name} is a class; checks are functions.", node.lineno)
    if not lines:
        yield Problem(CHECKS, "has no check in it.")


def lint_examples(kata: Kata, files: Files) -> Iterator[Problem]:
    """There is a starter, a reference and a rejected example, and each rejected one is declared."""
    for name, purpose in (
        (STARTER, "it is what the learner begins with"),
        (REFERENCE, "the clock rule compares with it"),
    ):
        if name not in files:
            yield Problem(name, f"is missing: {purpose}.")
    rejected = [name for name in files if name.startswith("rejected/") and name.endswith(".py")]
    if not rejected:
        yield Problem(
            "rejected", "has no example in it; at least one wrong fix must be shown to fail."
        )
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
                _line_of(files, table),
            )


def lint_accepted(kata: Kata, files: Files) -> Iterator[Problem]:
    """Each accepted example of which the manifest says something is there."""
    accepted = [
        PurePosixPath(name).stem
        for name in files
        if name.startswith("accepted/") and name.endswith(".py")
    ]
    for name in kata.declared_accepted:
        if name not in accepted:
            near = difflib.get_close_matches(name, accepted, 1)
            meant = f" Is accepted/{near[0]}.py meant?" if near else ""
            table = f"accepted.{name}"
            yield Problem(
                MANIFEST,
                f"declares [{table}], but there is no {table.replace('.', '/', 1)}.py.{meant}",
                _line_of(files, table),
            )


def lint_declarations(kata: Kata, files: Files) -> Iterator[Problem]:
    """Every check that must fail exists."""
    names = check_names(files)
    if not names:
        return
    declared = [("starter", kata.starter_fails)]
    declared += [
        (f"rejected.{mistake.file.removesuffix('.py')}", mistake.fails) for mistake in kata.mistakes
    ]
    for table, fails in declared:
        for name in fails:
            if name not in names:
                yield Problem(
                    MANIFEST,
                    f"[{table}] names {name}, which is no check in {CHECKS}.",
                    _line_of(files, table, name),
                )


def lint_starter(files: Files) -> Iterator[Problem]:
    """The starter gives nothing of the answer away: it is no accepted example, and no comment has a telltale word.

    Telltale are `bug`, `fix`, `FIXME`, `TODO`, `blocks`, `wrong` and their like, in comments only, in any case.
    """
    starter = files.get(STARTER)
    if starter is None:
        return
    for name in files:
        if name.startswith("accepted/") and _code(files[name]) == _code(starter):
            yield Problem(STARTER, f"is the same code as {name}, which must pass.")
    for line, comment in _comments(starter):
        if word := TELLTALES.search(comment):
            yield Problem(STARTER, f"has a comment that gives the answer away: `{word[0]}`.", line)


def lint_preparation(kata: Kata, files: Files) -> Iterator[Problem]:
    """`run.py`, if there is one, has an `async def prepare` with a docstring that asks for nothing but the kata's
    services.
    """
    if RUN not in files:
        return
    try:
        tree = ast.parse(files[RUN])
    except SyntaxError as error:
        yield Problem(RUN, f"cannot be read: {error.msg}.", error.lineno)
        return
    function = next(
        (node for node in tree.body if isinstance(node, Function) and node.name == FUNCTION), None
    )
    if not isinstance(function, ast.AsyncFunctionDef):
        yield Problem(
            RUN,
            f"must have an `async def {FUNCTION}`.",
            function.lineno if function is not None else None,
        )
        return
    if not (ast.get_docstring(function) or "").strip():
        yield Problem(
            RUN, f"{FUNCTION} has no docstring, which the learner would read.", function.lineno
        )
    for argument in function.args.args:
        if argument.arg not in (*kata.services, TASKS):
            yield Problem(
                RUN,
                f"{FUNCTION} asks for `{argument.arg}`, which is no service of this kata.",
                argument.lineno,
            )


def lint_load(kata: Kata, files: Files) -> Iterator[Problem]:
    """What the load asks for is a route of the starter, as far as its routes can be read."""
    routes = list(_routes(files.get(STARTER, "")))
    if not routes:
        return
    for key, requests in (("first", kata.run.first), ("load", kata.run.load)):
        for request in requests:
            path = request.of_visitor(1).path.partition("?")[0]
            if not any(
                method == request.method and pattern.fullmatch(path) for method, pattern in routes
            ):
                line = _line_of(files, "run", request.path)
                yield Problem(
                    MANIFEST,
                    f"`run.{key}` asks for {request.method} {request.path}, which is no route of {STARTER}.",
                    line,
                )


def _routes(source: str) -> Iterator[tuple[str, re.Pattern[str]]]:
    """Method and path of each route that a decorator `@app.METHOD("PATH")` makes; none where there
    are other ways, too.
    """
    try:
        tree = ast.parse(source)
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


Function = ast.FunctionDef | ast.AsyncFunctionDef


def _checks(files: Files) -> list[Function]:
    try:
        return _functions(ast.parse(files.get(CHECKS, "")))
    except SyntaxError:
        return []


def _functions(tree: ast.Module) -> list[Function]:
    return [
        node for node in tree.body if isinstance(node, Function) and node.name.startswith("test")
    ]


def _code(source: str) -> str:
    """The code without comments and layout; the text itself when it is no Python."""
    try:
        return ast.unparse(ast.parse(source))
    except SyntaxError:
        return source


def _comments(source: str) -> list[tuple[int, str]]:
    found: list[tuple[int, str]] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                found.append((token.start[0], token.string))
    except (tokenize.TokenError, SyntaxError):
        pass  # a starter that is no Python fails its checks; its comments so far are looked at
    return found


def _line_of(files: Files, table: str, word: str = "") -> int | None:
    """The line of a table's header in the manifest, or of a word below it."""
    is_inside = False
    for number, line in enumerate(files.get(MANIFEST, "").splitlines(), 1):
        if line.strip().startswith("["):
            is_inside = line.strip().startswith(f"[{table}]")
        if is_inside and (word in line if word else True):
            return number
    return None
