"""Commands of a learner between two gradings: kata alone, list, hint, solution, diff, reset, open.

What a command alone needs is imported inside of it: `kata`, `kata --help` and `kata list` stay under 0.3 s that way.
"""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.completion import BackwardSlugArgument, SlugArgument
from grader.cli.learner import KatasOption, target_of
from grader.cli.news import tell_changes
from grader.cli.paths import shown
from grader.errors import SolutionError, UsageError

if TYPE_CHECKING:
    from grader.catalog.find import Catalog
    from grader.catalog.manifest import Kata
    from grader.cli.learner import Target
    from grader.render.terminal_workspace import WorkspaceScreen
    from grader.workspace.progress import State, Workspace


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("list")(list_katas)
    app.command("hint")(hint)
    app.command("solution")(solution)
    app.command("diff")(diff)
    app.command("reset")(reset)
    app.command("open")(open_kata)


# ---- where one is -------------------------------------------------------------------------------------------------------


def show_standing() -> None:
    """`kata` alone: how far one is, the current kata, and what to type next."""
    from grader.catalog.find import find_catalog
    from grader.render.terminal_workspace import WorkspaceScreen
    from grader.workspace.progress import find_workspace
    from grader.workspace.standing import standing_of

    path = os.environ.get("KATA_PATH")
    catalog = find_catalog(Path(path) if path else None)
    screen, workspace = WorkspaceScreen(), find_workspace(Path.cwd())
    if workspace is None:
        first = catalog.kata(catalog.slugs[0])
        screen.say("There is no workspace here, nor in a folder above.", "", "To begin, type: kata next")
        screen.say(f"It makes this folder your workspace and hands out the first of {len(catalog.slugs)} katas:")
        screen.kata(first.title, first.slug)
        screen.say("", "All commands: kata --help")
        return
    tell_changes(screen, catalog, workspace)
    standing = standing_of(catalog, workspace.entries(catalog.renamed))
    screen.standing(standing)
    screen.say("")
    if standing.current is None:
        screen.the_end(standing)
    else:
        _show_current(screen, catalog, workspace, standing.current)


def _show_current(screen: "WorkspaceScreen", catalog: "Catalog", workspace: "Workspace", slug: str) -> None:
    from grader.workspace.handout import is_elsewhere
    from grader.workspace.progress import Entry
    from grader.workspace.solution import ENTRY

    kata, folder = catalog.kata(slug), workspace.kata_folder(slug, catalog.renamed)
    screen.kata(kata.title, slug)
    if not folder.is_dir():
        screen.say(kata.teaches, "", "To have it handed out, type: kata next")
        return
    hints = min(workspace.entries(catalog.renamed).get(slug, Entry()).hints, len(kata.hints))
    screen.say(f"{shown(folder / ENTRY)}, {hints} of {len(kata.hints)} hints seen", "")
    if is_elsewhere(catalog, workspace, slug, Path.cwd()):
        screen.say(f"You are in the folder of another kata, so first: cd {shlex.quote(shown(folder))}")
    if _is_untouched(kata, folder):
        screen.say(f"Read {shown(folder / 'README.md')} and mend {shown(folder / ENTRY)}, or type: kata open")
    screen.say("When it is mended, type: kata check", "Or keep kata watch running. Stuck? Type: kata hint")


def _is_untouched(kata: "Kata", folder: Path) -> bool:
    from grader.workspace.solution import ENTRY

    try:
        return (folder / ENTRY).read_bytes() == kata.starter.read_bytes()
    except OSError:
        return False


def list_katas(
    text: Annotated[
        str, typer.Argument(metavar="[TEXT]", help="Only katas with these words in name, title, topics or lesson.", show_default=False)
    ] = "",
    tier: Annotated[int | None, typer.Option("--tier", metavar="N", min=1, max=5, help="Only katas of this tier.")] = None,
    todo: Annotated[bool, typer.Option("--todo", help="Only katas that are not passed.")] = False,
    katas: KatasOption = None,
) -> None:
    """Show every kata by tier, with its state."""
    from grader.catalog.find import find_catalog
    from grader.render.terminal import Screen
    from grader.workspace.handout import current_slug
    from grader.workspace.progress import State, find_workspace

    catalog = find_catalog(katas)
    workspace = find_workspace(Path.cwd())
    states = workspace.states(catalog.renamed) if workspace is not None else {}
    chosen = [
        kata
        for kata in catalog.katas()
        if _has_words(kata, text) and tier in (None, kata.tier) and not (todo and states.get(kata.slug) is State.PASSED)
    ]
    if not chosen:
        Screen().say("No kata is like that. `kata list` shows all.")
        return
    is_filtered = bool(text or tier or todo)
    Screen().catalog(catalog, chosen, states, current_slug(catalog, states), len(catalog.slugs) if is_filtered else None)


def _has_words(kata: "Kata", text: str) -> bool:
    about = " ".join((kata.slug, kata.title, kata.teaches, *kata.topics)).casefold()
    return all(word in about for word in text.casefold().split())


# ---- help ---------------------------------------------------------------------------------------------------------------


def hint(
    slug: SlugArgument = None,
    shows_all: Annotated[bool, typer.Option("--all", help="Show all hints at once.")] = False,
    katas: KatasOption = None,
) -> None:
    """Show one more hint each time."""
    from grader.render.terminal_workspace import WorkspaceScreen
    from grader.workspace.progress import Entry

    target, screen = target_of(slug, None, katas, "hint"), WorkspaceScreen()
    workspace, hints = _workspace_of(target), target.kata.hints
    entry = workspace.entries(target.catalog.renamed).get(target.kata.slug, Entry())
    seen = min(entry.hints, len(hints))
    until = len(hints) if shows_all else min(seen + 1, len(hints))
    for number in range(1 if shows_all else seen + 1, until + 1):
        screen.hint(number, len(hints), hints[number - 1])
        screen.say("")
    screen.say(*_after_hints(seen == len(hints) and not shows_all, len(hints) - max(seen, until), entry.state, slug))
    # Afterwards: a hint that cannot be noted is one that helps all the same, and comes again.
    workspace.note_hints(target.kata.slug, until, target.catalog.renamed)


def _after_hints(were_seen: bool, left: int, state: "State", slug: str | None) -> list[str]:
    if left:
        return [f"{left} more: {_command('hint', slug)}"]
    lines = [f"You have seen all hints. To see them again, type: {_command('hint', slug, '--all')}"] if were_seen else []
    if state in ("passed", "given_up"):
        return [*lines, f"There is no more. To see the solution, type: {_command('solution', slug)}"]
    return [*lines, f"There is no more. To see the solution and give up, type: {_command('solution', slug, '--give-up')}"]


def solution(
    slug: BackwardSlugArgument = None,
    gives_up: Annotated[bool, typer.Option("--give-up", help="Show it before a pass; until then the kata counts as given up.")] = False,
    katas: KatasOption = None,
) -> None:
    """Show the reference and the other accepted ways, each with a diff to yours. After a pass, or with --give-up."""
    from grader.render.terminal_workspace import WorkspaceScreen
    from grader.workspace.progress import Entry, State

    target = target_of(slug or _slug_to_look_back_on(katas), None, katas, "solution")
    workspace, renamed, own_slug = _workspace_of(target), target.catalog.renamed, target.kata.slug
    state = workspace.entries(renamed).get(own_slug, Entry()).state
    if state not in (State.PASSED, State.GIVEN_UP):
        if not gives_up:
            raise UsageError(
                f"{own_slug} is not passed yet, so its solution stays hidden.",
                f"`{_command('hint', slug)}` helps on. To see it all the same and give up: {_command('solution', slug, '--give-up')}",
            )
        workspace.set_state(own_slug, State.GIVEN_UP, renamed)  # before anything is shown, so that it is noted for certain
    screen = WorkspaceScreen()
    screen.kata(target.kata.title, own_slug)
    _show_solutions(screen, target)
    if state is not State.PASSED:
        screen.say("", f"{own_slug} counts as given up until it passes. Next: kata next")


def _show_solutions(screen: "WorkspaceScreen", target: "Target") -> None:
    from grader.workspace.difference import read_lines
    from grader.workspace.solution import ENTRY

    app, reference = target.path / ENTRY, target.kata.reference
    try:
        base, base_name = read_lines(app), f"{shown(app)} (yours)"
    except SolutionError as error:
        screen.say("", f"Yours cannot be compared: {error.message}", "The other ways are compared with the reference.")
        base, base_name = read_lines(reference), "the reference"
    screen.say("")
    screen.heading("The reference", _name_in_kata(reference))
    screen.say("")
    screen.source(read_lines(reference))
    others = [path for path in target.kata.accepted if path != reference]
    for path in (reference, *others) if base_name != "the reference" else others:
        _show_way(screen, path, base, base_name, is_reference=path == reference)


def _show_way(screen: "WorkspaceScreen", path: Path, base: Sequence[str], base_name: str, *, is_reference: bool) -> None:
    from grader.workspace.difference import read_lines, unified

    lines = unified(base, read_lines(path), base_name, path.name)
    screen.say("")
    screen.heading("From yours to the reference" if is_reference else f"Another way: {path.stem.replace('_', ' ')}", _name_in_kata(path))
    screen.say("")
    if lines:
        screen.diff(lines)
    else:
        screen.say("Yours is the same, line for line.")


def _name_in_kata(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


# ---- the learner's files ------------------------------------------------------------------------------------------------


def diff(
    slug: BackwardSlugArgument = None,
    katas: KatasOption = None,
) -> None:
    """Show what you have changed in the starter, as a unified diff."""
    from grader.render.terminal_workspace import WorkspaceScreen
    from grader.workspace.difference import differences_of_folders

    target, screen = target_of(slug or _slug_to_look_back_on(katas), None, katas, "diff"), WorkspaceScreen()
    found = differences_of_folders(target.kata.starter.parent, target.path, target.path.name)
    if screen.differences(found) == 0:
        screen.say(f"Nothing is changed: {shown(target.path)} is the starter still.")


def reset(slug: SlugArgument = None, katas: KatasOption = None) -> None:
    """Go back to the starter. Your file is kept beside it, under a name that says when."""
    from datetime import datetime

    from grader.render.terminal import Screen
    from grader.workspace import backup
    from grader.workspace.upgrade import Part, digest_of

    target, screen = target_of(slug, None, katas, "reset"), Screen()
    done = backup.reset(target.kata, target.path, datetime.now().astimezone())
    if not done.is_done:
        screen.say(f"There is nothing to reset: {shown(done.app)} is the starter already.")
        return
    screen.say(f"{shown(done.app)} is the starter again.")
    if done.backup is not None:
        kept = shown(done.backup)
        screen.say(f"What was in it is kept in {kept}", "To take it back, type: " + shlex.join(["cp", kept, shown(done.app)]))
    others = sorted(path.name for path in target.path.glob("*.py") if path not in (done.app, done.backup) and not _is_backup(path))
    if others:
        screen.say(f"Other files were left as they are: {', '.join(others)}")
    _workspace_of(target).note_known(target.kata.slug, {Part.STARTER: digest_of(target.kata.starter)}, target.catalog.renamed)


def _is_backup(path: Path) -> bool:
    from grader.workspace.contents import is_ignored

    return is_ignored(path.name)


def open_kata(slug: SlugArgument = None, katas: KatasOption = None) -> None:
    """Open the kata's app.py and README in $VISUAL or $EDITOR."""
    from grader.cli.editor import editor_command, run_editor
    from grader.workspace.solution import ENTRY

    target = target_of(slug, None, katas, "open")
    app = target.path / ENTRY
    if not app.exists():
        raise UsageError(f"{shown(app)} is missing.", f"`{_command('reset', slug)}` puts the starter there.")
    readmes = sorted(target.path.glob("README*.md"))
    editor = editor_command(os.environ)
    if editor is None:
        for path in (app, *readmes):
            typer.echo(path)
        raise UsageError(
            "Neither $VISUAL nor $EDITOR is set, so nothing was opened.",
            "Set one, for example `export EDITOR=nano`, or open the files above in an editor of your choice.",
        )
    run_editor(*editor, (app, *readmes))


# ---- which kata is meant ------------------------------------------------------------------------------------------------


def _workspace_of(target: "Target") -> "Workspace":
    """The workspace of a target that no path names."""
    if target.workspace is None:
        raise UsageError("This needs a workspace.", "`kata next` makes one in the current folder.")
    return target.workspace


def _slug_to_look_back_on(katas: Path | None) -> str | None:
    """The kata that was passed last, while the next one has not been handed out and no folder says another."""
    from grader.catalog.find import find_catalog
    from grader.workspace.handout import current_slug, slug_of_folder
    from grader.workspace.progress import find_workspace
    from grader.workspace.standing import last_passed

    catalog, workspace = find_catalog(katas), find_workspace(Path.cwd())
    if workspace is None or slug_of_folder(catalog, workspace, Path.cwd()) is not None:
        return None
    entries = workspace.entries(catalog.renamed)
    current = current_slug(catalog, {slug: entry.state for slug, entry in entries.items()})
    if current is not None and workspace.kata_folder(current, catalog.renamed).is_dir():
        return None
    return last_passed(catalog, entries)


def _command(verb: str, slug: str | None, *options: str) -> str:
    return " ".join(("kata", verb, *((slug,) if slug else ()), *options))
