"""Resolves the arguments of a command to a kata, a solution and a workspace."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from grader.catalog.find import Catalog, find_catalog
from grader.catalog.manifest import Kata
from grader.errors import UsageError
from grader.workspace.current import current_slug, slug_of_folder
from grader.workspace.overview import last_finished
from grader.workspace.progress import State, Workspace, find_workspace, require_workspace


@dataclass(frozen=True)
class Target:
    """A solution to grade, and where to record the result.

    Attributes:
        path: the solution.
        command: the command that grades it again.
        workspace: where a pass is recorded; None for `--solution`.
        runs_folder: where runs are saved; None outside a workspace.
    """

    catalog: Catalog
    kata: Kata
    path: Path
    command: str
    workspace: Workspace | None
    runs_folder: Path | None


def target_of(
    slug: str | None, solution: Path | None, katas: Path | None, verb: str = "check"
) -> Target:
    """Resolve the arguments of a command.

    Args:
        slug: None means the kata whose folder is the current one, or else the learner's next kata.
        solution: path of the solution; None means the one in the workspace.
        katas: folder of katas; None means the built-in ones.
        verb: the command's name, for messages.

    Raises:
        UsageError: there is no such kata, no workspace, or the kata has not been handed out.
    """
    catalog = find_catalog(katas)
    command = command_of(verb, slug)
    if solution is None:
        return _handed_out(catalog, slug, command, verb)
    workspace = find_workspace(Path.cwd())
    return Target(
        catalog,
        catalog.kata(slug or _slug_of_solution(catalog, solution)),
        solution,
        f"{command} --solution {shlex.quote(str(solution))}",
        None,
        workspace.runs_folder if workspace is not None else None,
    )


def _handed_out(catalog: Catalog, slug: str | None, command: str, verb: str) -> Target:
    """The learner's solution in the workspace."""
    here = Path.cwd()
    if slug is not None and find_workspace(here) is None:
        catalog.kata(slug)  # report a misspelt slug rather than the missing workspace
    workspace = require_workspace(here)
    states = workspace.states(catalog.renamed)
    kata = catalog.kata(
        slug or slug_of_folder(catalog, workspace, here) or _current(catalog, states, verb)
    )
    folder = workspace.kata_folder(kata.slug, catalog.renamed)
    if not folder.is_dir():
        raise UsageError(
            f"The kata {kata.slug} has not been handed out in {workspace.root}.",
            "`kata next` hands out the next kata.",
        )
    return Target(catalog, kata, folder, command, workspace, workspace.runs_folder)


def _slug_of_solution(catalog: Catalog, solution: Path) -> str:
    """The kata that a folder in the path is named after, or the only kata of the catalog."""
    named = [
        part
        for part in reversed(Path(os.path.realpath(solution)).parts)
        if part in catalog.slugs or part in catalog.renamed
    ]
    if named:
        return named[0]
    if len(catalog.slugs) == 1:
        return catalog.slugs[0]
    raise UsageError(
        f"It is not clear which kata {solution} is for.", "Name it: kata check SLUG --solution PATH"
    )


def _current(catalog: Catalog, states: Mapping[str, State], verb: str) -> str:
    slug = current_slug(catalog, states)
    if slug is None:
        raise UsageError(
            "All katas are passed, skipped or given up, so there is no current one.",
            f"Name one: kata {verb} SLUG",
        )
    return slug


def workspace_of(target: Target) -> Workspace:
    """The workspace of a target.

    Raises:
        UsageError: it has none, because the solution was given as a path.
    """
    if target.workspace is None:
        raise UsageError("This needs a workspace.", "`kata next` makes the current folder one.")
    return target.workspace


def recently_finished_slug(katas: Path | None) -> str | None:
    """The last finished kata, as long as the next one has not been handed out; None in the folder of a kata."""
    catalog, workspace = find_catalog(katas), find_workspace(Path.cwd())
    if workspace is None or slug_of_folder(catalog, workspace, Path.cwd()) is not None:
        return None
    entries = workspace.entries(catalog.renamed)
    current = current_slug(catalog, {slug: entry.state for slug, entry in entries.items()})
    if current is not None and workspace.kata_folder(current, catalog.renamed).is_dir():
        return None
    return last_finished(catalog, entries)


def command_of(verb: str, slug: str | None, *options: str) -> str:
    """A command line for messages, with the slug only if the learner typed one."""
    return " ".join(("kata", verb, *((slug,) if slug else ()), *options))
