"""Writes a saved run as a page: `kata report`."""

from pathlib import Path

from grader.catalog.find import Catalog, find_catalog
from grader.errors import UsageError
from grader.evidence.files import load_run, saved_runs
from grader.grading.graded import judged_again
from grader.interactive.page import in_kb, require_page_file, save_page, slugs_of
from grader.render.paths import shown
from grader.render.terminal.screen import Screen
from grader.tools.browser import open_in_browser
from grader.workspace.current import current_slug
from grader.workspace.progress import MARKER, find_workspace, require_workspace

PAGE = "report.html"


def write_report(run: str | None, out: Path | None, katas: Path | None, *, opened: bool) -> None:
    """Write a saved run as a page.

    Args:
        run: file of the run, or a kata's slug for its last run; None for the last run of the current kata.
        out: file of the page; None for the default.
        katas: folder of katas, if not the shipped one.
        opened: also open the page in a browser.

    Raises:
        UsageError: there is no such run, or no page can be written to that file.
        EvidenceFileError: the run cannot be read.
    """
    catalog = find_catalog(katas)
    run_file = _run_file(catalog, run)
    file = out or _default_place(run_file)
    require_page_file(file)
    saved = load_run(run_file)
    size_bytes = save_page(catalog, judged_again(catalog.kata(saved.kata), saved), run_file, file)
    screen = Screen()
    screen.say(f"The page of {run_file.name} is {shown(file)} ({in_kb(size_bytes)}).")
    if not opened:
        screen.say(
            "To see it, open it in a browser."
            if run or out
            else "To see it, open it in a browser, or type: kata report --open"
        )
        return
    why = open_in_browser(file)
    screen.say(
        f"It could not be opened in a browser: {why}. Copy it to a machine with a browser and open it there."
        if why
        else "It is opening in your browser."
    )


def _run_file(catalog: Catalog, run: str | None) -> Path:
    """The file of a run: named by path or by kata, or else the run that was saved last."""
    if run is not None and run not in catalog.slugs and run not in catalog.renamed:
        if not Path(run).exists() and "/" not in run and not run.endswith(".json"):
            catalog.resolve(run)  # neither a file nor a kata: most likely a misspelt slug
        return Path(run)
    folder = require_workspace(Path.cwd()).runs_folder
    slugs = slugs_of(catalog, catalog.resolve(run)) if run is not None else _current(catalog)
    runs = saved_runs(folder, slugs)
    if not runs and run is None:
        # After a pass the next kata is current and has no run yet: take the last run of any kata.
        runs = saved_runs(folder, (*catalog.slugs, *catalog.renamed))
    if not runs:
        of = f" of {run}" if run is not None else ""
        raise UsageError(
            f"There is no saved run{of} in {folder}.",
            f"`kata check{' ' + run if run else ''}` grades and saves one.",
        )
    return runs[-1]


def _current(catalog: Catalog) -> tuple[str, ...]:
    """The slugs, present and former, of the kata of the current folder, or else of the current kata."""
    workspace = require_workspace(Path.cwd())
    here = Path.cwd().relative_to(workspace.root).parts[:1]
    inside = [
        catalog.renamed.get(name, name)
        for name in here
        if name in catalog.slugs or name in catalog.renamed
    ]
    slug = inside[0] if inside else current_slug(catalog, workspace.states(catalog.renamed))
    return slugs_of(catalog, slug) if slug is not None else ()


def _default_place(run_file: Path) -> Path:
    """In a workspace always the same file, so that a browser can reload it; elsewhere a file in the current folder,
    named like the run.
    """
    workspace = find_workspace(Path.cwd())
    if workspace is None:
        return Path(run_file.name).with_suffix(".html")
    return workspace.root / MARKER / PAGE
