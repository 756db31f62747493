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
        run: file of a run, or a slug, which means that kata's last run; None means the current kata's last run.
        out: file of the page; None means the default.
        katas: folder of katas; None means the built-in ones.
        opened: also open the page in a browser.

    Raises:
        UsageError: there is no such run, or the page cannot be written to `out`.
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
    """The file that `run` names as a path or a slug; without a name, the last saved run."""
    if run is not None and run not in catalog.slugs and run not in catalog.renamed:
        if not Path(run).exists() and "/" not in run and not run.endswith(".json"):
            catalog.resolve(run)  # neither a file nor a kata: raises, with the slugs most like it
        return Path(run)
    folder = require_workspace(Path.cwd()).runs_folder
    slugs = slugs_of(catalog, catalog.resolve(run)) if run is not None else _current(catalog)
    runs = saved_runs(folder, slugs)
    if not runs and run is None:
        # After a pass the current kata is the next one, which has no run yet. Take the last run of any kata.
        runs = saved_runs(folder, (*catalog.slugs, *catalog.renamed))
    if not runs:
        of = f" of {run}" if run is not None else ""
        raise UsageError(
            f"There is no saved run{of} in {folder}.",
            f"`kata check{' ' + run if run else ''}` grades and saves one.",
        )
    return runs[-1]


def _current(catalog: Catalog) -> tuple[str, ...]:
    """Current and former slugs of the kata whose folder is the current one, or else of the learner's next kata."""
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
    """The default file of a page.

    In a workspace it is always the same, so that a browser can reload it. Elsewhere it is named after the run and goes
    into the current folder.
    """
    workspace = find_workspace(Path.cwd())
    if workspace is None:
        return Path(run_file.name).with_suffix(".html")
    return workspace.root / MARKER / PAGE
