"""The report as one HTML page: a file of at most 1 MB that needs no network. Foreign text is escaped and bounded.

The script draws the chart from the page's tables, so that without scripts only the chart is missing.
"""

from markupsafe import Markup

from grader.grading.graded import Graded
from grader.render.events import name_of_each
from grader.render.html.bounds import PAGE_BYTES, Bounds, likely_bounds
from grader.render.html.comparison import compare
from grader.render.html.download import Download, download_of
from grader.render.html.template import render_template
from grader.render.html.views import change_view, check_views, opened, run_view


def render_page(now: Graded, before: Graded | None = None) -> str:
    """The page of a run.

    The page depends on nothing but the runs. It is never larger than `PAGE_BYTES`: a run that does not fit is thinned
    out, and the page says so.

    Args:
        now: the run.
        before: an earlier run of the same kata, for comparison.
    """
    evidence = download_of(now.run)
    for bounds in likely_bounds(now, before):
        page = _rendered(now, before, bounds, evidence)
        if len(page.encode()) <= PAGE_BYTES:
            break
    return page


def _rendered(now: Graded, before: Graded | None, bounds: Bounds, evidence: Download) -> str:
    checks = check_views(now, before, bounds)
    changes = compare(before.report, now.report) if before is not None else ()
    shown = opened(now, checks, changes)
    return render_template(
        report=now.report,
        run=now.run,
        this=run_view(now),
        earlier=run_view(before) if before is not None else None,
        checks=checks,
        opened=shown,
        is_fixed=shown is not None
        and any(change.is_fixed and change.now is shown.result for change in changes),
        event_name=_event_name(now, before),
        changes=[change_view(change) for change in changes],
        evidence=evidence,
        evidence_data=Markup(evidence.data),
    )


def _event_name(now: Graded, before: Graded | None) -> str:
    """The legend's name for a service's event: "call to the upstream"; empty without events."""
    runs = [graded.run for graded in (now, before) if graded is not None]
    events = [
        event
        for run in runs
        for record in run.checks
        for attempt in record.attempts
        for event in attempt.events
    ]
    return name_of_each(events) if events else ""
