"""The report as one page: a single file without a network, at most 1 MB, safe whatever a solution has said.

Everything is rendered here, with autoescape, and each text is made printable and bounded on its way into the template;
the script in the page only draws what its tables say. The Content-Security-Policy allows the page's own scripts and
style by their hashes and nothing else.
"""

import base64
import gzip
import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from grader.evidence.run import Attempt, CheckRecord, Run, Subject
from grader.grading.graded import Graded
from grader.render.events import name_of_each
from grader.render.explanation import MUST_BE, Line, Step, details, sights, steps, tries
from grader.render.html.comparison import Change, bar, compare
from grader.render.html.timeline import Timeline, timeline
from grader.render.text import escaped, printable
from grader.render.wording import amount, figures, message, summary
from grader.report import CheckResult, Outcome

PAGE_BYTES = 1_000_000
"""No page is larger."""

EVIDENCE_BYTES = 300_000
"""The evidence goes into the page when it takes no more than this, packed and encoded."""

TEXT_CHARS = 300
"""How long a text of the page may be, if nothing else is said of it."""

PROSE_CHARS = 1000
LOG_LINE_CHARS = 300

ASSETS = Path(__file__).parent / "assets"
TEMPLATE = "page.html.jinja"
STYLE = "page.css"
SCRIPTS = ("d3/d3.min.js", "page.js")

MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.NOT_RUN: "·",
    Outcome.INCONCLUSIVE: "?",
    Outcome.BROKEN: "!",
}
OUTCOME_WORDS = {
    Outcome.PASSED: "holds",
    Outcome.FAILED: "failed",
    Outcome.NOT_RUN: "not run",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.BROKEN: "broken",
}
SUBJECTS = {Subject.SOLUTION: "your solution", Subject.REFERENCE: "the kata's reference"}


@dataclass(frozen=True)
class Bounds:
    """How much of a run is shown.

    Attributes:
        rows: of each lane of a timeline.
        log_lines: of each server's output, the last ones.
        attempts: at each check.
    """

    rows: int
    log_lines: int
    attempts: int


BOUNDS = (
    Bounds(200, 200, 8), Bounds(100, 100, 8), Bounds(60, 60, 8), Bounds(40, 40, 8), Bounds(25, 25, 7),
    Bounds(10, 10, 4), Bounds(3, 3, 1),
)  # fmt: skip
"""From what is nearly always possible to what always is."""

ROWS_LIKELY = 3000
"""More rows of timelines than this hardly fit, so that is not even tried."""


@dataclass(frozen=True)
class AttemptView:
    """One attempt as the page shows it.

    Attributes:
        id: unique in the page.
        name: in words.
        log: the last lines that its server printed.
        log_note: how many lines there were when some are left out, or an empty text.
    """

    id: str
    name: str
    check: str
    timeline: Timeline
    log: tuple[str, ...]
    log_note: str


@dataclass(frozen=True)
class CheckView:
    """One check as the page shows it.

    Attributes:
        chosen: the attempt that decided it.
        before: the attempt that decided it in the run before, if there is one.
        left_out: how many attempts are not shown.
    """

    number: int
    result: CheckResult
    mark: str
    word: str
    figures: str
    message: str
    steps: tuple[Step, ...]
    sights: tuple[str, ...]
    tries: str
    details: tuple[Line, ...]
    attempts: tuple[AttemptView, ...]
    chosen: AttemptView | None
    before: AttemptView | None
    left_out: int


def render_page(now: Graded, before: Graded | None = None) -> str:
    """The page of one run, with what has changed since another run of the same kata.

    The same runs give the same page. It is never larger than 1 MB: what does not fit is thinned out, and the page says
    so.
    """
    evidence = _evidence(now.run)
    likely = [bounds for bounds in BOUNDS if _rows(now, before, bounds) <= ROWS_LIKELY] or [
        BOUNDS[-1]
    ]
    for bounds in likely:
        page = _rendered(now, before, bounds, evidence)
        if len(page.encode()) <= PAGE_BYTES:
            break
    return page


def _rows(now: Graded, before: Graded | None, bounds: Bounds) -> int:
    """About how many rows all timelines have together."""
    attempts = [
        attempt for record in now.run.checks for attempt in record.attempts[: bounds.attempts]
    ]
    attempts += (
        [record.attempts[0] for record in before.run.checks if record.attempts]
        if before is not None
        else []
    )
    lanes = (
        lane
        for one in attempts
        for lane in (one.exchanges, one.events, one.stalls, one.connections)
    )
    return sum(min(len(lane), bounds.rows) for lane in lanes)


def _event_name(now: Graded, before: Graded | None) -> str:
    """What the legend calls one thing that a service was asked; empty when there was none."""
    runs = [one.run for one in (now, before) if one is not None]
    events = [
        event
        for run in runs
        for record in run.checks
        for attempt in record.attempts
        for event in attempt.events
    ]
    return name_of_each(events) if events else ""


def _rendered(now: Graded, before: Graded | None, bounds: Bounds, evidence: "Evidence") -> str:
    checks = list(_checks(now, before, bounds))
    style, scripts = _asset(STYLE), [_asset(name) for name in SCRIPTS]
    changes = compare(before.report, now.report) if before is not None else ()
    opened = _opened(now, checks, changes)
    return _environment().get_template(TEMPLATE).render(
        policy=Markup(_policy(style, scripts)),
        style=Markup(style),
        scripts=[Markup(script) for script in scripts],
        report=now.report,
        run=now.run,
        summary=summary(now.report),
        began=_moment(now.run.began_at),
        solution=Path(now.run.solution).name,
        checks=checks,
        opened=opened,
        is_mended=opened is not None and any(change.is_mended and change.now is opened.result for change in changes),
        event_name=_event_name(now, before),
        before=before,
        before_summary=summary(before.report) if before is not None else "",
        before_solution=Path(before.run.solution).name if before is not None else "",
        before_began=_moment(before.run.began_at) if before is not None else "",
        changes=[_change(change) for change in changes],
        evidence=evidence,
        evidence_data=Markup(evidence.data),
    )  # fmt: skip


def _opened(
    now: Graded, checks: Sequence[CheckView], changes: Sequence[Change]
) -> CheckView | None:
    """The check that is shown first: the cause of the verdict, else one that is mended, else the one with the most to
    see.
    """
    mended = next((change.now for change in changes if change.is_mended), None)
    for wanted in (now.report.cause, mended):
        found = next((view for view in checks if view.result is wanted), None)
        if found is not None:
            return found
    return max(
        checks,
        key=lambda view: view.chosen.timeline.rows if view.chosen is not None else 0,
        default=None,
    )


# ---- what a check shows
# -------------------------------------------------------------------------------------------------


def _checks(now: Graded, before: Graded | None, bounds: Bounds) -> Iterator[CheckView]:
    records = {record.name: record for record in now.run.checks}
    older = {result.name: result for result in before.report.checks} if before is not None else {}
    older_records = (
        {record.name: record for record in before.run.checks} if before is not None else {}
    )
    for number, result in enumerate(now.report.checks, 1):
        record = records.get(result.name, CheckRecord(name=result.name, title=result.title))
        decided = result.decided_by
        shown = _shown(record, decided, bounds.attempts)
        views = {
            place: _attempt(
                record.attempts[place], f"attempt-{number}-{place + 1}", place, result.title, bounds
            )
            for place in shown
        }
        attempt = record.attempts[decided] if decided is not None else None
        explained = details(result)
        told = " ".join([message(result), *(line.text for line in explained)])
        yield CheckView(
            number=number,
            result=result,
            mark=MARKS[result.outcome],
            word=OUTCOME_WORDS[result.outcome],
            figures=figures(result),
            message=message(result),
            steps=steps(attempt) if attempt is not None else (),
            sights=tuple(sight for sight in sights(attempt) if sight.split(MUST_BE)[0] not in told)
            if attempt is not None
            else (),
            tries=tries(record),
            details=explained,
            attempts=tuple(views.values()),
            chosen=views.get(decided) if decided is not None else None,
            before=_before(older_records.get(result.name), older.get(result.name), number, bounds),
            left_out=len(record.attempts) - len(shown),
        )


def _shown(record: CheckRecord, decided: int | None, most: int) -> list[int]:
    """The first attempts, and the one that decided in any case."""
    first = list(range(min(most, len(record.attempts))))
    if decided is not None and first and decided not in first:
        first[-1] = decided
    return first


def _before(
    record: CheckRecord | None, result: CheckResult | None, number: int, bounds: Bounds
) -> AttemptView | None:
    """The attempt that decided the check in the run before."""
    if record is None or result is None or result.decided_by is None:
        return None
    return _attempt(
        record.attempts[result.decided_by],
        f"before-{number}",
        result.decided_by,
        record.title,
        bounds,
    )


def _attempt(attempt: Attempt, ident: str, place: int, title: str, bounds: Bounds) -> AttemptView:
    lines = attempt.life.log.strip("\n").splitlines() if attempt.life is not None else []
    left_out = len(lines) - bounds.log_lines
    note = f"The last {bounds.log_lines} of {len(lines)} lines." if left_out > 0 else ""
    return AttemptView(
        id=ident,
        name=f"attempt {place + 1}, {SUBJECTS[attempt.subject]}",
        check=title,
        timeline=timeline(attempt, bounds.rows),
        log=tuple(lines[-bounds.log_lines :]),
        log_note=note,
    )


def _change(change: Change) -> dict[str, Any]:
    sides = [("Before", change.before), ("Now", change.now)]
    return {
        "title": change.title,
        "word": change.word,
        "sides": [
            {
                "name": name,
                "outcome": result.outcome if result is not None else Outcome.NOT_RUN,
                "mark": MARKS[result.outcome] if result is not None else "",
                "word": OUTCOME_WORDS[result.outcome] if result is not None else "was not there",
                "figures": figures(result) if result is not None else "",
                "bar": bar(result, change.scale),
            }
            for name, result in sides
        ],
    }


# ---- evidence
# -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Evidence:
    """The run for downloading.

    Attributes:
        name: of the file, without its suffix.
        data: packed and encoded; empty when it is too much for the page.
        size_bytes: of the document itself.
    """

    name: str
    data: str
    size_bytes: int

    @property
    def size(self) -> str:
        """How large the document is, in words."""
        return (
            f"{self.size_bytes / 1000:.0f} kB"
            if self.size_bytes < 1_000_000
            else f"{self.size_bytes / 1_000_000:.1f} MB"
        )


def _evidence(run: Run) -> Evidence:
    document = msgspec.json.encode(run)
    packed = base64.b64encode(gzip.compress(document, compresslevel=6, mtime=0)).decode()
    stamp = re.sub(r"[^0-9T]", "", run.began_at.split(".")[0])[:20]
    name = re.sub(r"[^a-z0-9-]", "-", run.kata.lower())[:60]
    return Evidence(
        f"{name}-{stamp}", packed if len(packed) <= EVIDENCE_BYTES else "", len(document)
    )


# ---- the template
# -------------------------------------------------------------------------------------------------------


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        finalize=_printable,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        seconds=lambda value: amount(value, "s"),
        number=lambda value: f"{value:.6f}",
        line=_line,
        prose=_prose,
        limited=printable,
    )
    return environment


def _printable(value: object) -> object:
    """Whatever goes into the page is one bounded line of visible characters; only the page's own parts are markup."""
    return (
        printable(value, TEXT_CHARS)
        if isinstance(value, str) and not isinstance(value, Markup)
        else value
    )


def _prose(text: str) -> Markup:
    """A sentence in which code stands between backticks."""
    parts = printable(text, PROSE_CHARS).split("`")
    if len(parts) % 2 == 0:  # one is left over, so it is none of ours
        return escape("`".join(parts))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else part
        for number, part in enumerate(parts)
    )


def _line(text: str) -> Markup:
    """A line of a log: every blank of it is kept."""
    return escape(escaped(text, LOG_LINE_CHARS))


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _policy(style: str, scripts: list[str]) -> str:
    """Nothing but the page's own style and scripts, and no script may make markup of a text."""
    script_hashes = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {script_hashes}; style-src {_hash(style)}; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _moment(moment: str) -> str:
    """A moment of the evidence as people write it: "2026-11-23 08:15 UTC"."""
    found = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)", moment)
    return f"{found[1]} {found[2]} UTC" if found else moment
