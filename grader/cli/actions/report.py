"""Writes a saved run as a page: `kata report`."""

from pathlib import Path

from grader.catalog.find import Catalog, find_catalog
from grader.errors import UsageError
from grader.evidence.files import load_run, saved_runs
from grader.grading.graded import judged_again
from grader.interactive.page import in_kb, need_place, save_page, slugs_of
from grader.render.paths import shown
from grader.render.terminal.screen import Screen
from grader.tools.browser import open_in_browser
from grader.workspace.current import current_slug
from grader.workspace.progress import MARKER, find_workspace, need_workspace

PAGE = "report.html"


def write_report(run: str | None, out: Path | None, katas: Path | None, *, opened: bool) -> None:
    """Write a saved run as a page.

    Args:
        run: its file, or the name of a kata for its last one; None for the last run of the current kata.
        out: where the page goes; None for the usual place.
        katas: folder of katas, if not the shipped one.
        opened: open it in a browser.
    """
    catalog = find_catalog(katas)
    run_file = _run_file(catalog, run)
    file = out or _default_place(run_file)
    need_place(file)
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
        f"It could not be opened in a browser: {why}. Copy it to where one is, and open it there."
        if why
        else "It opens in the browser."
    )


def _run_file(catalog: Catalog, run: str | None) -> Path:
    """The file of a run by its path, by the name of a kata, or the one that was saved last."""
    if run is not None and run not in catalog.slugs and run not in catalog.renamed:
        if not Path(run).exists() and "/" not in run and not run.endswith(".json"):
            catalog.resolve(run)  # neither a file nor a kata: a misspelt name is the nearer mistake
        return Path(run)
    folder = need_workspace(Path.cwd()).runs_folder
    slugs = slugs_of(catalog, catalog.resolve(run)) if run is not None else _current(catalog)
    runs = saved_runs(folder, slugs)
    if not runs and run is None:
        # A kata that has been passed is no longer the current one, but its run is the last.
        runs = saved_runs(folder, (*catalog.slugs, *catalog.renamed))
    if not runs:
        of = f" of {run}" if run is not None else ""
        raise UsageError(
            f"There is no saved run{of} in {folder}.",
            f"`kata check{' ' + run if run else ''}` grades and saves one.",
        )
    return runs[-1]


def _current(catalog: Catalog) -> tuple[str, ...]:
    """The names of the kata in whose folder we are, else of the current one."""
    workspace = need_workspace(Path.cwd())
    here = Path.cwd().relative_to(workspace.root).parts[:1]
    inside = [
        catalog.renamed.get(name, name)
        for name in here
        if name in catalog.slugs or name in catalog.renamed
    ]
    slug = inside[0] if inside else current_slug(catalog, workspace.states(catalog.renamed))
    return slugs_of(catalog, slug) if slug is not None else ()


def _default_place(run_file: Path) -> Path:
    """In the workspace, always the same file, so that a browser may reload it; elsewhere a file of the run's name,
    here.
    """
    workspace = find_workspace(Path.cwd())
    if workspace is None:
        return Path(run_file.name).with_suffix(".html")
    return workspace.root / MARKER / PAGE
