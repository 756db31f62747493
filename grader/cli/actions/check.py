"""Grades a solution, or judges a saved run again: `kata check`."""

from pathlib import Path

import typer

from grader.catalog.find import find_catalog
from grader.errors import BrokenError, ExitCode
from grader.evidence.files import keep_run, load_run
from grader.grading.grade import grade
from grader.grading.graded import Graded, grader_info, judged_again
from grader.grading.session import Settings
from grader.interactive.changes import show_changes
from grader.interactive.notes import record_pass, warn_once_without_sandbox, warn_unsaved
from grader.interactive.page import add_page, require_page_file
from grader.process.sandbox import SandboxMode
from grader.render.json_ import render_error, render_report
from grader.render.paths import shown
from grader.render.terminal.report import ReportScreen
from grader.render.terminal.workspace import WorkspaceScreen
from grader.report import Report, Verdict
from grader.workspace.target import Target, target_of

VERDICT_CODES = {
    Verdict.PASSED: ExitCode.PASSED,
    Verdict.FAILED: ExitCode.FAILED,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
    Verdict.BROKEN: ExitCode.BROKEN,
}


def check_solution(
    slug: str | None,
    solution: Path | None,
    katas: Path | None,
    sandbox: SandboxMode,
    html: Path | None,
    *,
    as_json: bool,
) -> ExitCode:
    """Grade a solution and show its report; returns the exit code.

    Args:
        slug: None means the kata whose folder is the current one, or else the learner's next kata.
        solution: path of the solution; None means the one in the workspace.
        katas: folder of katas; None means the built-in ones.
        sandbox: whether the solution runs in a sandbox.
        html: also write the report to this file as a web page.
        as_json: print one JSON document instead of the report for people.

    Raises:
        UsageError: there is nothing to grade, or the page cannot be written to `html`.
    """
    if html is not None:
        require_page_file(html)
    target = target_of(slug, solution, katas)
    outcome = _grade_as_json(target, sandbox) if as_json else _grade_on_screen(target, sandbox)
    if outcome is None:
        return ExitCode.BROKEN
    graded, kept_path = outcome
    if html is not None:
        add_page(target.catalog, graded, kept_path, html, announces=not as_json)
    return VERDICT_CODES[graded.report.verdict]


def check_again(
    run_file: Path, katas: Path | None, html: Path | None, *, as_json: bool
) -> ExitCode:
    """Judge a saved run again, without a server, and show its report; returns the exit code.

    Args:
        run_file: the saved run.
        katas: folder of katas; None means the built-in ones.
        html: also write the report to this file as a web page.
        as_json: print one JSON document instead of the report for people.

    Raises:
        UsageError: the page cannot be written to `html`.
        EvidenceFileError: the run cannot be read.
    """
    if html is not None:
        require_page_file(html)
    catalog = find_catalog(katas)
    run = load_run(run_file)
    kata = catalog.kata(run.kata)
    graded = judged_again(kata, run)
    if as_json:
        typer.echo(render_report(graded.report))
    else:
        ReportScreen().replay(kata, graded.report, f"Judged again from {shown(run_file)}.")
    if html is not None:
        add_page(catalog, graded, run_file, html, announces=not as_json)
    return VERDICT_CODES[graded.report.verdict]


def _grade_on_screen(target: Target, sandbox: SandboxMode) -> tuple[Graded, Path | None]:
    """Grade with a live display; returns the grading and the file of its saved run."""
    if target.workspace is not None:
        show_changes(WorkspaceScreen(), target.catalog, target.workspace, target.kata.slug)
    screen = ReportScreen()
    screen.begin(target.kata)
    try:
        graded = grade(target.kata, target.path, Settings(screen, sandbox=sandbox))
    finally:
        screen.stop()
    kept = keep_run(graded.run, target.runs_folder)
    screen.finish(graded.report, _advice(target, graded.report))
    warn_unsaved(screen, kept.unsaved)
    warn_once_without_sandbox(screen, graded.report, sandbox)
    record_pass(target, graded.report)  # last, so that a full disk cannot hide the verdict
    return graded, kept.path


def _grade_as_json(target: Target, sandbox: SandboxMode) -> tuple[Graded, Path | None] | None:
    """Grade and print one JSON document; returns the grading and the file of its saved run; None if it broke."""
    try:
        graded = grade(target.kata, target.path, Settings(sandbox=sandbox))
    except BrokenError as error:
        typer.echo(render_error(target.kata.slug, error, grader_info()))
        return None
    kept = keep_run(graded.run, target.runs_folder)
    typer.echo(render_report(graded.report, kept.unsaved))
    record_pass(target, graded.report)
    return graded, kept.path


def _advice(target: Target, report: Report) -> str:
    """The next command to type."""
    if report.verdict == "passed":
        return "Next: kata next" if target.workspace is not None else ""
    if report.verdict == "failed":
        file = target.path if target.path.is_file() else target.path / "app.py"
        return f"Fix {shown(file)}, then type: {target.command}"
    if report.verdict == "inconclusive":
        return f"Close whatever keeps this machine busy, then type: {target.command}"
    return f"Once that is fixed, type: {target.command}"
