"""The outline of a page: what the template gets to read."""

from msgspec.structs import replace

from grader.evidence.run import Run
from grader.grading.graded import Graded
from grader.render.html.bounds import BOUNDS, Bounds
from grader.render.html.comparison import Change, compare
from grader.render.html.views import CheckView, change_view, check_views, opened, run_view
from grader.report import Outcome
from tests.render.runs import blocking_run, fixed_run, graded, large_run, run_of


def views(now: Run, before: Run | None = None, bounds: Bounds = BOUNDS[0]) -> list[CheckView]:
    return check_views(graded(now), graded(before) if before is not None else None, bounds)


def test_a_run_is_named_by_its_time_and_the_name_of_its_solution() -> None:
    view = run_view(graded(blocking_run()))
    assert (view.began, view.solution) == ("2026-11-23 08:15 UTC", "sleepy-handler")


def test_a_time_that_is_none_is_shown_as_it_is() -> None:
    assert run_view(graded(run_of(began_at="yesterday"))).began == "yesterday"


def test_checks_are_numbered_and_marked() -> None:
    assert [(view.number, view.mark, view.word) for view in views(blocking_run())] == [
        (1, "✓", "passed"),
        (2, "✗", "failed"),
        (3, "✗", "failed"),
    ]


def test_each_check_has_its_attempts_and_the_one_that_decided_it() -> None:
    burst = views(blocking_run())[1]
    assert [attempt.name for attempt in burst.attempts] == [
        "attempt 1, your solution",
        "attempt 2, your solution",
    ]
    assert burst.chosen is burst.attempts[0]
    assert burst.before is None


def test_an_attempt_that_decided_is_shown_even_when_there_is_room_for_one_only() -> None:
    now = graded(blocking_run())
    last = replace(now.report.checks[1], decided_by=1)
    checks = (now.report.checks[0], last, now.report.checks[2])
    judged = Graded(now.run, replace(now.report, checks=checks))
    burst = check_views(judged, None, Bounds(rows=9, log_lines=9, attempts=1))[1]
    assert [attempt.id for attempt in burst.attempts] == ["attempt-2-2"]
    assert burst.chosen is burst.attempts[0]
    assert burst.left_out == 1


def test_a_check_has_the_attempt_that_decided_it_in_the_previous_run() -> None:
    first, *_ = views(fixed_run(), blocking_run())
    assert first.before is not None
    assert (first.before.id, first.before.check) == ("before-1", "A label is right.")


def test_a_check_that_the_previous_run_lacks_has_no_earlier_attempt() -> None:
    older = replace(blocking_run(), checks=blocking_run().checks[:1])
    assert [view.before is None for view in views(fixed_run(), older)] == [False, True, True]


def test_what_the_message_says_is_not_repeated_below_it() -> None:
    burst = views(blocking_run())[1]
    assert burst.details
    assert not {line.text for line in burst.details} & set(burst.observations)


def test_only_the_last_lines_of_a_log_are_shown_and_the_rest_is_counted() -> None:
    chatty = large_run("a line", checks=1, attempts=1, many=50)
    (view,) = views(chatty, bounds=Bounds(rows=3, log_lines=20, attempts=1))
    (attempt,) = view.attempts
    assert attempt.log == ("a line",) * 20
    assert attempt.log_note == "The last 20 of 50 lines."
    assert views(blocking_run())[1].attempts[0].log_note == ""


# ---- what is shown first ----


def test_the_cause_of_the_verdict_is_opened() -> None:
    now = graded(blocking_run())
    checks = check_views(now, None, BOUNDS[0])
    assert opened(now, checks, ()) is checks[1]


def test_without_a_cause_the_first_check_that_was_fixed_is_opened() -> None:
    now, before = graded(fixed_run()), graded(blocking_run())
    checks = check_views(now, before, BOUNDS[0])
    assert opened(now, checks, compare(before.report, now.report)) is checks[1]


def test_without_either_the_longest_timeline_is_opened() -> None:
    now = graded(fixed_run())
    checks = check_views(now, None, BOUNDS[0])
    assert opened(now, checks, ()) is checks[1]
    assert opened(now, [], ()) is None


# ---- changes ----


def test_a_change_has_a_side_for_each_run() -> None:
    before, now = graded(blocking_run()).report, graded(fixed_run()).report
    view = change_view(compare(before, now)[1])
    assert view.word == "passes now"
    assert [(side.name, side.word) for side in view.sides] == [
        ("Before", "failed"),
        ("Now", "passed"),
    ]
    assert all(side.bar is not None for side in view.sides)


def test_a_run_that_lacks_the_check_has_an_empty_side() -> None:
    result = graded(fixed_run()).report.checks[0]
    _, now = change_view(Change("a", result, None)).sides
    assert (now.outcome, now.word, now.mark, now.bar) == (
        Outcome.NOT_RUN,
        "does not exist",
        "",
        None,
    )
