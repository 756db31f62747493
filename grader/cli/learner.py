"""Commands of a learner: next, check.

What a command alone needs is imported inside of it: `kata --help` and `kata list` stay under 0.3 s that way.
"""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from grader.cli.completion import SlugArgument
from grader.cli.paths import shown
from grader.errors import ExitCode, UsageError
from grader.harness.sandbox import SandboxMode

if TYPE_CHECKING:
    from grader.catalog.find import Catalog
    from grader.catalog.manifest import Kata
    from grader.grading.graded import Graded
    from grader.render.terminal import Screen
    from grader.render.terminal_workspace import WorkspaceScreen
    from grader.report import Report
    from grader.workspace.handout import Handout
    from grader.workspace.progress import State, Workspace

VERDICT_CODES = {
    "passed": ExitCode.PASSED,
    "failed": ExitCode.FAILED,
    "inconclusive": ExitCode.INCONCLUSIVE,
    "broken": ExitCode.BROKEN,
}

KatasOption = Annotated[
    Path | None,
    typer.Option("--katas", metavar="DIR", envvar="KATA_PATH", help="Use the katas of this folder instead of those that are shipped."),
]

SandboxOption = Annotated[
    SandboxMode,
    typer.Option(
        "--sandbox", envvar="KATA_SANDBOX", help="auto: in a sandbox where this machine has one; require: refuse to grade without; off."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("next")(next_kata)
    app.command("check")(check)


def next_kata(
    skip: Annotated[bool, typer.Option("--skip", help="Go past the current kata; it can be checked later all the same.")] = False,
    katas: KatasOption = None,
) -> None:
    """Hand out the first kata that is not passed yet."""
    from grader.catalog.find import find_catalog
    from grader.cli.news import tell_changes
    from grader.render.terminal_workspace import WorkspaceScreen
    from grader.workspace.handout import current_slug, hand_out
    from grader.workspace.progress import State, find_workspace, make_workspace
    from grader.workspace.standing import standing_of

    catalog = find_catalog(katas)
    screen = WorkspaceScreen()
    workspace = find_workspace(Path.cwd())
    if workspace is None:
        workspace = make_workspace(Path.cwd())
        screen.say(f"{workspace.root} is now your workspace: katas go here, progress into .kata/.", "")
    tell_changes(screen, catalog, workspace)
    slug = current_slug(catalog, workspace.states(catalog.renamed))
    if slug is not None and skip:
        workspace.set_state(slug, State.SKIPPED, catalog.renamed)
        screen.say(f"Skipped {slug}. To take it up again: kata check {slug}", "")
        slug = current_slug(catalog, workspace.states(catalog.renamed))
    if slug is None:
        screen.the_end(standing_of(catalog, workspace.entries(catalog.renamed)))
        return
    _show_handout(screen, hand_out(catalog.kata(slug), workspace, catalog.renamed), catalog, workspace)


def _show_handout(screen: "WorkspaceScreen", handout: "Handout", catalog: "Catalog", workspace: "Workspace") -> None:
    from grader.workspace.handout import is_elsewhere

    kata, app, readme = handout.kata, shown(handout.folder / "app.py"), shown(handout.folder / "README.md")
    screen.say(f"{kata.title} (tier {kata.tier})", kata.teaches, "")
    if handout.is_new:
        screen.say(f"Handed out: {readme} says what is wrong, {app} is yours to mend.")
    else:
        screen.say(f"This is your current kata, and it is where you left it: {app}")
    screen.say(f"Its folder: {handout.folder}")
    if is_elsewhere(catalog, workspace, kata.slug, Path.cwd()):
        screen.say(f"You are in the folder of another kata, so first: cd {shlex.quote(shown(handout.folder))}")
    screen.say("Then type: kata check", "", "Also: kata open (in your editor), kata watch (grades on every save), kata hint")


def check(
    slug: SlugArgument = None,
    solution: Annotated[
        Path | None, typer.Option("--solution", metavar="PATH", help="Grade this file, folder or archive; needs no workspace.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")] = False,
    replayed: Annotated[
        Path | None, typer.Option("--replay", metavar="RUN", help="Judge a saved run (.kata/runs/*.json) again, without a server.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write the report as a page for the browser, one file.")
    ] = None,
    sandbox: SandboxOption = SandboxMode.AUTO,
    katas: KatasOption = None,
) -> None:
    """Grade a solution under load: is the bug gone, and if not, where is it?

    Exit codes: 0 passed, 1 failed, 2 usage, 3 inconclusive, 4 broken.
    """
    from grader.cli.page import add_page, need_place

    if html is not None:
        need_place(html)
    if replayed is not None:
        catalog, graded = _replay(replayed, as_json, katas)
        kept_path: Path | None = replayed
    else:
        target = target_of(slug, solution, katas)
        catalog = target.catalog
        outcome = _grade_as_json(target, sandbox) if as_json else _grade_on_screen(target, sandbox)
        if outcome is None:
            raise typer.Exit(ExitCode.BROKEN)
        graded, kept_path = outcome
    if html is not None:
        add_page(catalog, graded, kept_path, html, says_so=not as_json)
    raise typer.Exit(VERDICT_CODES[graded.report.verdict])


@dataclass(frozen=True)
class Target:
    """What is to be graded, and what a pass changes.

    Attributes:
        command: what to type to grade it again.
        workspace: where the pass is noted; None for `--solution`.
        runs_folder: where the evidence is saved; None outside of a workspace.
    """

    catalog: "Catalog"
    kata: "Kata"
    path: Path
    command: str
    workspace: "Workspace | None"
    runs_folder: Path | None


def target_of(slug: str | None, solution: Path | None, katas: Path | None, verb: str = "check") -> Target:
    """What the arguments of a command name.

    Args:
        slug: of the kata; None for that of the current folder, or the current one.
        solution: a path outside of any workspace, or None.
        katas: folder of katas, if not the shipped one.
        verb: the command that is meant, for messages.

    Raises:
        UsageError: there is nothing of that name, no workspace, or nothing handed out.
    """
    from grader.catalog.find import find_catalog
    from grader.workspace.handout import slug_of_folder
    from grader.workspace.progress import find_workspace, need_workspace

    catalog = find_catalog(katas)
    workspace = find_workspace(Path.cwd())
    runs_folder = workspace.runs_folder if workspace is not None else None
    command = f"kata {verb} {slug}" if slug else f"kata {verb}"
    if solution is not None:
        kata = catalog.kata(slug or _slug_of_solution(catalog, solution))
        return Target(catalog, kata, solution, f"{command} --solution {shlex.quote(str(solution))}", None, runs_folder)
    if workspace is None and slug is not None:
        catalog.kata(slug)  # a misspelt name is the nearer mistake
    workspace = need_workspace(Path.cwd())
    states = workspace.states(catalog.renamed)
    kata = catalog.kata(slug or slug_of_folder(catalog, workspace, Path.cwd()) or _current(catalog, states, verb))
    folder = workspace.kata_folder(kata.slug, catalog.renamed)
    if not folder.is_dir():
        raise UsageError(f"The kata {kata.slug} has not been handed out in {workspace.root}.", "`kata next` hands out the next kata.")
    return Target(catalog, kata, folder, command, workspace, runs_folder)


def _slug_of_solution(catalog: "Catalog", solution: Path) -> str:
    """The kata that a path names by one of its folders, or the only one that there is."""
    named = [part for part in reversed(Path(os.path.realpath(solution)).parts) if part in catalog.slugs or part in catalog.renamed]
    if named:
        return named[0]
    if len(catalog.slugs) == 1:
        return catalog.slugs[0]
    raise UsageError(f"It is not clear which kata {solution} solves.", "Name it: kata check SLUG --solution PATH")


def _current(catalog: "Catalog", states: "Mapping[str, State]", verb: str) -> str:
    from grader.workspace.handout import current_slug

    slug = current_slug(catalog, states)
    if slug is None:
        raise UsageError("All katas are passed, skipped or given up, so there is no current one.", f"Name one: kata {verb} SLUG")
    return slug


def _grade_on_screen(target: Target, sandbox: SandboxMode) -> "tuple[Graded, Path | None]":
    """Grade with a live display; returns what was graded, and where its run was saved."""
    from grader.cli.news import tell_changes
    from grader.evidence.files import keep_run
    from grader.grading.grade import grade
    from grader.grading.session import Settings
    from grader.render.terminal_workspace import WorkspaceScreen

    screen = WorkspaceScreen()
    if target.workspace is not None:
        tell_changes(screen, target.catalog, target.workspace, target.kata.slug)
    screen.begin(target.kata)
    try:
        graded = grade(target.kata, target.path, Settings(screen, sandbox=sandbox))
    finally:
        screen.stop()
    kept = keep_run(graded.run, target.runs_folder)
    screen.finish(graded.report, _advice(target, graded.report))
    say_unsaved(screen, kept.unsaved)
    say_once_without_sandbox(screen, graded.report, sandbox)
    note_pass(target, graded.report)  # last: a verdict is shown also when the disk is full
    return graded, kept.path


def say_unsaved(screen: "Screen", unsaved: str) -> None:
    """Say why the evidence could not be saved, if it was to be."""
    if unsaved:
        screen.say("", f"{unsaved} It cannot be judged again, but the verdict holds.")


def say_once_without_sandbox(screen: "Screen", report: "Report", sandbox: SandboxMode) -> None:
    """Say that there was no sandbox, if that was not asked for and has not been said on this machine."""
    if report.without_sandbox and sandbox is SandboxMode.AUTO and _is_news("no-sandbox"):
        screen.say(
            "",
            f"There was no sandbox ({report.without_sandbox}): your code ran with your own rights.",
            "`kata doctor` says more. This is said once.",
        )


def _is_news(name: str) -> bool:
    """Whether this is to be said for the first time on this machine; it is not from now on."""
    import platformdirs

    mark = Path(platformdirs.user_cache_dir("fastapi-katas")) / f"said-{name}"
    try:
        if mark.exists():
            return False
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.touch()
    except OSError:  # said again next time
        pass
    return True


def _replay(run_file: Path, as_json: bool, katas: Path | None) -> "tuple[Catalog, Graded]":
    from grader.catalog.find import find_catalog
    from grader.evidence.files import load_run
    from grader.grading.graded import judged_again
    from grader.render.json_ import render_report
    from grader.render.terminal import Screen

    catalog = find_catalog(katas)
    run = load_run(run_file)
    kata = catalog.kata(run.kata)
    graded = judged_again(kata, run)
    if as_json:
        typer.echo(render_report(graded.report))
    else:
        Screen().replay(kata, graded.report, f"Judged again from {shown(run_file)}.")
    return catalog, graded


def _grade_as_json(target: Target, sandbox: SandboxMode) -> "tuple[Graded, Path | None] | None":
    """Grade and print one document; returns what was graded, and where its run was saved, or None when the grading broke."""
    from grader.errors import BrokenError
    from grader.evidence.files import keep_run
    from grader.grading.grade import grade
    from grader.grading.graded import grader_info
    from grader.grading.session import Settings
    from grader.render.json_ import render_error, render_report

    try:
        graded = grade(target.kata, target.path, Settings(sandbox=sandbox))
    except BrokenError as error:
        typer.echo(render_error(target.kata.slug, error, grader_info()))
        return None
    kept = keep_run(graded.run, target.runs_folder)
    typer.echo(render_report(graded.report, kept.unsaved))
    note_pass(target, graded.report)
    return graded, kept.path


def note_pass(target: Target, report: "Report") -> None:
    """Note a pass in the learner's progress.

    Raises:
        ProgressFileError: the file cannot be read or written.
    """
    from grader.workspace.progress import State

    if report.verdict == "passed" and target.workspace is not None:
        target.workspace.set_state(target.kata.slug, State.PASSED, target.catalog.renamed)


def _advice(target: Target, report: "Report") -> str:
    """The next command to type."""
    if report.verdict == "passed":
        return "Next: kata next" if target.workspace is not None else ""
    if report.verdict == "failed":
        file = target.path if target.path.is_file() else target.path / "app.py"
        return f"Mend {shown(file)}, then type: {target.command}"
    if report.verdict == "inconclusive":
        return f"Close what keeps this machine busy, then type: {target.command}"
    return f"When that is mended, type: {target.command}"
