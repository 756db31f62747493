"""The data of the page's template: runs, checks, attempts and changes. Pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.evidence.run import Attempt, CheckRecord, Subject
from grader.grading.graded import Graded
from grader.render.explanation import MUST_BE, Line, Step, details, observations, steps, tries
from grader.render.html.bounds import Bounds
from grader.render.html.comparison import Change, bar
from grader.render.html.timeline import Timeline, timeline
from grader.render.wording import figures, message, summary
from grader.report import CheckResult, Outcome

MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.NOT_RUN: "·",
    Outcome.INCONCLUSIVE: "?",
    Outcome.BROKEN: "!",
}
OUTCOME_WORDS = {
    Outcome.PASSED: "passed",
    Outcome.FAILED: "failed",
    Outcome.NOT_RUN: "not run",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.BROKEN: "broken",
}
SUBJECTS = {Subject.SOLUTION: "your solution", Subject.REFERENCE: "the kata's reference"}


@dataclass(frozen=True)
class RunView:
    """The summary of a run.

    Attributes:
        summary: the verdict, in a sentence.
        began: "2026-11-23 08:15 UTC".
        solution: the name of its file or folder.
    """

    summary: str
    began: str
    solution: str


@dataclass(frozen=True)
class AttemptView:
    """An attempt at a check.

    Attributes:
        id: unique in the page.
        name: "attempt 1, your solution".
        check: the check's title.
        log: the last lines of its server's output.
        log_note: says how many lines there were, if some are left out; else empty.
    """

    id: str
    name: str
    check: str
    timeline: Timeline
    log: tuple[str, ...]
    log_note: str


@dataclass(frozen=True)
class CheckView:
    """A check with its attempts.

    Attributes:
        number: from 1.
        chosen: the attempt that decided the result, if any.
        before: the attempt that decided the result of the previous run, if any.
        left_out: number of attempts that are not shown.
    """

    number: int
    result: CheckResult
    mark: str
    word: str
    figures: str
    message: str
    steps: tuple[Step, ...]
    observations: tuple[str, ...]
    tries: str
    details: tuple[Line, ...]
    attempts: tuple[AttemptView, ...]
    chosen: AttemptView | None
    before: AttemptView | None
    left_out: int


@dataclass(frozen=True)
class SideView:
    """A check in one of two runs that are compared.

    Attributes:
        name: "Before" or "Now".
        bar: end and limit of the bar, as shares of the width; None without a bar.
    """

    name: str
    outcome: Outcome
    mark: str
    word: str
    figures: str
    bar: tuple[float, float] | None


@dataclass(frozen=True)
class ChangeView:
    """A check in both runs, the previous one first."""

    title: str
    word: str
    sides: tuple[SideView, SideView]


def run_view(graded: Graded) -> RunView:
    """The summary of a run."""
    solution = Path(graded.run.solution).name
    return RunView(summary(graded.report), _moment(graded.run.began_at), solution)


def _moment(moment: str) -> str:
    """A time from the evidence in readable form; unchanged if it cannot be parsed."""
    found = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)", moment)
    return f"{found[1]} {found[2]} UTC" if found else moment


# ---- checks ----


def check_views(now: Graded, before: Graded | None, bounds: Bounds) -> list[CheckView]:
    """All checks of a run, each with the attempt that decided it in the previous run."""
    records = {record.name: record for record in now.run.checks}
    return [
        _check_view(
            number,
            result,
            records.get(result.name, CheckRecord(name=result.name, title=result.title)),
            bounds,
            _earlier(before, result.name, number, bounds),
        )
        for number, result in enumerate(now.report.checks, 1)
    ]


def _check_view(
    number: int,
    result: CheckResult,
    record: CheckRecord,
    bounds: Bounds,
    before: AttemptView | None,
) -> CheckView:
    decided = result.decided_by
    attempt = record.attempts[decided] if decided is not None else None
    views = {
        place: _attempt_view(
            record.attempts[place], f"attempt-{number}-{place + 1}", place, result.title, bounds
        )
        for place in _shown(record, decided, bounds.attempts)
    }
    return CheckView(
        number=number,
        result=result,
        mark=MARKS[result.outcome],
        word=OUTCOME_WORDS[result.outcome],
        figures=figures(result),
        message=message(result),
        steps=steps(attempt) if attempt is not None else (),
        observations=tuple(_unmentioned(result, observations(attempt)))
        if attempt is not None
        else (),
        tries=tries(record),
        details=details(result),
        attempts=tuple(views.values()),
        chosen=views.get(decided) if decided is not None else None,
        before=before,
        left_out=len(record.attempts) - len(views),
    )


def _unmentioned(result: CheckResult, seen: Iterable[str]) -> Iterable[str]:
    """The observations that the check's message and details do not already mention."""
    stated = " ".join([message(result), *(line.text for line in details(result))])
    return (observation for observation in seen if observation.split(MUST_BE)[0] not in stated)


def _shown(record: CheckRecord, decided: int | None, most: int) -> list[int]:
    """Numbers of the attempts to show: the first ones; if the deciding attempt comes later, it replaces the last."""
    first = list(range(min(most, len(record.attempts))))
    if decided is not None and first and decided not in first:
        first[-1] = decided
    return first


def _earlier(before: Graded | None, name: str, number: int, bounds: Bounds) -> AttemptView | None:
    """The attempt that decided a check in the previous run."""
    if before is None:
        return None
    record = {record.name: record for record in before.run.checks}.get(name)
    result = {result.name: result for result in before.report.checks}.get(name)
    if record is None or result is None or result.decided_by is None:
        return None
    place = result.decided_by
    return _attempt_view(record.attempts[place], f"before-{number}", place, record.title, bounds)


def _attempt_view(
    attempt: Attempt, ident: str, place: int, title: str, bounds: Bounds
) -> AttemptView:
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


def opened(now: Graded, checks: Sequence[CheckView], changes: Sequence[Change]) -> CheckView | None:
    """The check that the page shows first.

    It is the check that caused the verdict, else one that is fixed, else the one with the longest timeline.
    """
    fixed = next((change.now for change in changes if change.is_fixed), None)
    for wanted in (now.report.cause, fixed):
        found = next((view for view in checks if view.result is wanted), None)
        if found is not None:
            return found
    return max(
        checks,
        key=lambda view: view.chosen.timeline.rows if view.chosen is not None else 0,
        default=None,
    )


# ---- changes ----


def change_view(change: Change) -> ChangeView:
    """A check in both runs, with bars on a common scale."""
    return ChangeView(
        change.title,
        change.word,
        (_side("Before", change.before, change.scale), _side("Now", change.now, change.scale)),
    )


def _side(name: str, result: CheckResult | None, scale: float | None) -> SideView:
    if result is None:
        return SideView(name, Outcome.NOT_RUN, "", "does not exist", "", None)
    return SideView(
        name,
        result.outcome,
        MARKS[result.outcome],
        OUTCOME_WORDS[result.outcome],
        figures(result),
        bar(result, scale),
    )
