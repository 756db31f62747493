"""Shows hints and solutions: `kata hint` and `kata solution`."""

from collections.abc import Sequence
from pathlib import Path

from grader.errors import SolutionError, UsageError
from grader.render.paths import shown
from grader.render.terminal.workspace import WorkspaceScreen
from grader.solution.solution import ENTRY
from grader.workspace.difference import read_lines, unified
from grader.workspace.progress import Entry, State
from grader.workspace.target import (
    Target,
    command_of,
    recently_finished_slug,
    target_of,
    workspace_of,
)


def show_hint(slug: str | None, katas: Path | None, *, shows_all: bool) -> None:
    """Show the next hint of a kata, or all hints."""
    target, screen = target_of(slug, None, katas, "hint"), WorkspaceScreen()
    workspace, hints = workspace_of(target), target.kata.hints
    entry = workspace.entries(target.catalog.renamed).get(target.kata.slug, Entry())
    seen = min(entry.hints, len(hints))
    until = len(hints) if shows_all else min(seen + 1, len(hints))
    for number in range(1 if shows_all else seen + 1, until + 1):
        screen.hint(number, len(hints), hints[number - 1])
        screen.say("")
    screen.say(
        *_after_hints(
            seen == len(hints) and not shows_all, len(hints) - max(seen, until), entry.state, slug
        )
    )
    # Last: if this fails, the learner has at least read the hint, and will get it again.
    workspace.record_hints(target.kata.slug, until, target.catalog.renamed)


def _after_hints(were_seen: bool, left: int, state: State, slug: str | None) -> list[str]:
    if left:
        return [f"{left} more: {command_of('hint', slug)}"]
    lines = (
        [f"You have seen all hints. To see them again, type: {command_of('hint', slug, '--all')}"]
        if were_seen
        else []
    )
    if state in ("passed", "given_up"):
        return [
            *lines,
            f"There are no more hints. To see the solution, type: {command_of('solution', slug)}",
        ]
    return [
        *lines,
        f"There are no more hints. To give up and see the solution: {command_of('solution', slug, '--give-up')}",
    ]


def show_solution(slug: str | None, katas: Path | None, *, gives_up: bool) -> None:
    """Show the accepted solutions of a kata, each with a diff from the learner's.

    Raises:
        UsageError: the kata is neither passed nor given up.
    """
    target = target_of(slug or recently_finished_slug(katas), None, katas, "solution")
    workspace, renamed, own_slug = workspace_of(target), target.catalog.renamed, target.kata.slug
    state = workspace.entries(renamed).get(own_slug, Entry()).state
    if state not in (State.PASSED, State.GIVEN_UP):
        if not gives_up:
            raise UsageError(
                f"{own_slug} is not passed yet, so its solution stays hidden.",
                f"`{command_of('hint', slug)}` shows a hint. To give up and see the solution: "
                f"{command_of('solution', slug, '--give-up')}",
            )
        # First: nobody may see a solution without the record of giving up.
        workspace.set_state(own_slug, State.GIVEN_UP, renamed)
    screen = WorkspaceScreen()
    screen.kata(target.kata.title, own_slug)
    _show_solutions(screen, target)
    if state is not State.PASSED:
        screen.say("", f"{own_slug} counts as given up until it passes. Next: kata next")


def _show_solutions(screen: WorkspaceScreen, target: Target) -> None:
    app, reference = target.path / ENTRY, target.kata.reference
    try:
        base, base_name = read_lines(app), f"{shown(app)} (yours)"
    except SolutionError as error:
        screen.say(
            "",
            f"Your solution cannot be compared: {error.message}",
            "The other solutions are compared with the reference.",
        )
        base, base_name = read_lines(reference), "the reference"
    screen.say("")
    screen.heading("The reference", _name_in_kata(reference))
    screen.say("")
    screen.source(read_lines(reference))
    others = [path for path in target.kata.accepted if path != reference]
    for path in (reference, *others) if base_name != "the reference" else others:
        _show_way(screen, path, base, base_name, is_reference=path == reference)


def _show_way(
    screen: WorkspaceScreen, path: Path, base: Sequence[str], base_name: str, *, is_reference: bool
) -> None:
    lines = unified(base, read_lines(path), base_name, path.name)
    screen.say("")
    screen.heading(
        "From yours to the reference"
        if is_reference
        else f"Another way: {path.stem.replace('_', ' ')}",
        _name_in_kata(path),
    )
    screen.say("")
    if lines:
        screen.diff(lines)
    else:
        screen.say("Yours is identical.")


def _name_in_kata(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"
