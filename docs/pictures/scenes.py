"""The five pictures of the event loop, each drawn from a recorded scene."""

from collections.abc import Iterator

from docs.pictures.drawing import Sheet
from docs.pictures.record import scene
from grader.evidence.run import Attempt, Run
from grader.evidence.traffic import EventEnd, Exchange, ServiceEvent


def pictures(run: Run) -> Iterator[tuple[str, str]]:
    """File name and content of each picture."""
    yield "loop-blocked.svg", blocked(scene(run, "test_a_blocked_loop"))
    yield "loop-free.svg", free(scene(run, "test_a_loop_that_is_free"))
    yield "loop-threads.svg", threads(scene(run, "test_a_pool_of_threads"))
    yield "loop-together.svg", together(scene(run, "test_one_after_another_and_together"))
    yield "loop-siblings.svg", siblings(scene(run, "test_what_becomes_of_siblings"))


def blocked(attempt: Attempt) -> str:
    """Scene 1: each visitor waits for all earlier ones; health checks wait for everybody."""
    sheet = Sheet(
        "A blocked loop",
        "Eight bars like stairs: each visitor is served when the one before is done. Health checks wait.",
        1.0,
    )
    visitors, zero_s = _visitors(attempt, "/blocking/")
    top, before_s = sheet.y, 0.0
    for number, visitor in enumerate(visitors, 1):
        from_s, to_s = visitor.planned_s - zero_s, visitor.ended_s - zero_s
        begins_s = max(from_s, before_s)
        sheet.row(
            f"visitor {number}",
            [("waits", from_s, begins_s), ("works", begins_s, to_s)],
            f"{to_s - from_s:.2f} s",
        )
        before_s = to_s
    _health_checks(sheet, attempt, zero_s)
    for stall in attempt.stalls:
        sheet.band(stall.at_s - zero_s, stall.at_s - zero_s + stall.duration_s, top)
    sheet.axis(0.1, top)
    sheet.legend(
        ("waits", "waits"),
        ("works", "its handler sleeps, on the loop"),
        ("stands", "the loop is blocked"),
    )
    return sheet.svg()


def free(attempt: Attempt) -> str:
    """Scene 2: all wait at the same time."""
    sheet = Sheet(
        "A free loop",
        "Eight bars side by side: all visitors wait at the same time. Health checks are answered at once.",
        1.0,
    )
    visitors, zero_s = _visitors(attempt, "/awaiting/")
    top = sheet.y
    for number, visitor in enumerate(visitors, 1):
        from_s, to_s = visitor.planned_s - zero_s, visitor.ended_s - zero_s
        sheet.row(f"visitor {number}", [("works", from_s, to_s)], f"{to_s - from_s:.2f} s")
    _health_checks(sheet, attempt, zero_s)
    sheet.axis(0.1, top)
    sheet.legend(("works", "its handler awaits; the loop is free"), ("lost", "a health check"))
    return sheet.svg()


def threads(attempt: Attempt) -> str:
    """Scene 3: forty threads for sixty handlers."""
    sheet = Sheet(
        "A pool of forty threads",
        "Sixty thin bars: forty calls begin at once, the other twenty when those are done.",
        1.6,
    )
    visitors, zero_s = _visitors(attempt, "/threads/")
    calls = {call.what.rpartition("/")[2]: call for call in attempt.events}
    top = sheet.y
    ordered = sorted(visitors, key=lambda visitor: calls[visitor.path.rpartition("/")[2]].began_s)
    for number, visitor in enumerate(ordered, 1):
        call = calls[visitor.path.rpartition("/")[2]]
        arrived_s, from_s, to_s = (
            call.began_s - zero_s,
            visitor.planned_s - zero_s,
            visitor.ended_s - zero_s,
        )
        if number in (1, 41):
            words = (
                ("40 visitors", "get a thread") if number == 1 else ("20 visitors", "wait for one")
            )
            for line, text in enumerate(words):
                sheet.text(
                    LABEL_X, sheet.y + 14 + 16 * line, text, "" if line == 0 else "quiet", "end"
                )
        for kind, begins_s, ends_s in (("waits", from_s, arrived_s), ("calls", arrived_s, to_s)):
            sheet.bar(kind, begins_s, ends_s, 3)
        sheet.y += 4
    sheet.y += 8
    for path, label in (("/quick", "def, no work"), ("/health", "async def, no work")):
        (visitor,) = [one for one in attempt.exchanges if one.path == path]
        took_s = visitor.ended_s - visitor.planned_s
        sheet.row(
            label,
            [("lost", visitor.planned_s - zero_s, visitor.ended_s - zero_s)],
            f"{took_s:.2f} s",
        )
    sheet.axis(0.2, top)
    sheet.legend(
        ("waits", "waits for a thread"),
        ("calls", "its thread waits for the service"),
        ("lost", "two who want nothing"),
    )
    return sheet.svg()


def together(attempt: Attempt) -> str:
    """Scene 4: the same three calls in a row and at once."""
    sheet = Sheet(
        "One after another, and together",
        "Above, three calls in a row; below, the same three calls at the same time.",
        0.7,
    )
    for route, heading, code in (
        ("/sequence", "One after another:", "await a, await b, await c"),
        ("/together", "Together:", "gather(a, b, c)"),
    ):
        visitor, calls = _with_calls(attempt, route)
        sheet.heading(heading, code)
        top = sheet.y
        took_s = visitor.ended_s - visitor.planned_s
        sheet.row("visitor", [("works", 0.0, took_s)], f"{took_s:.2f} s")
        for call in calls:
            assert call.ended_s is not None
            from_s, to_s = call.began_s - visitor.planned_s, call.ended_s - visitor.planned_s
            sheet.row(_path(call), [("calls", from_s, to_s)], f"{to_s - from_s:.2f} s")
        sheet.axis(0.1, top)
    sheet.legend(("works", "the visitor waits"), ("calls", "a call at the service"))
    return sheet.svg()


def siblings(attempt: Attempt) -> str:
    """Scene 5: what happens to two calls when the third fails."""
    about = (
        "Above, with gather, two calls go on after "
        "the visitor has got an error; "
        "below, in a task group, they end at that moment."
    )
    sheet = Sheet("One of three fails", about, 0.7)
    for route, heading, code in (
        ("/together", "Nobody ends the others:", "gather(a, b, c)"),
        ("/group", "The group ends them:", "TaskGroup()"),
    ):
        visitor, calls = _with_calls(attempt, route)
        sheet.heading(heading, code)
        top = sheet.y
        took_s = visitor.ended_s - visitor.planned_s
        sheet.row("visitor", [("works", 0.0, took_s)], f"{visitor.status}", "bad")
        for call in calls:
            assert call.ended_s is not None
            from_s, to_s = call.began_s - visitor.planned_s, call.ended_s - visitor.planned_s
            is_left = call.end is EventEnd.CLIENT_LEFT
            goes_on = to_s > took_s + SLACK_S
            bars = [
                ("calls", from_s, min(to_s, took_s)),
                *([("lost", took_s, to_s)] if goes_on else []),
            ]
            says = "given up" if is_left else "answered, for nobody" if goes_on else "503"
            sheet.row(
                _path(call), bars, says, "bad" if says == "503" else "warn" if goes_on else "quiet"
            )
            if is_left:
                sheet.cross(to_s)
        sheet.mark(took_s, top)
        sheet.axis(0.1, top)
    sheet.legend(
        ("works", "the visitor waits"),
        ("calls", "a call at the service"),
        ("lost", "work for nobody"),
    )
    return sheet.svg()


LABEL_X = 142
SLACK_S = 0.03
"""How far the end of a call may be from the moment its client left: closed connections are noticed late."""
PROBE_HEIGHT = 3


def _visitors(attempt: Attempt, path: str) -> tuple[list[Exchange], float]:
    """The visitors of a scene in the order of their answers, and when the first one arrived."""
    visitors = sorted(
        (one for one in attempt.exchanges if one.path.startswith(path)), key=lambda one: one.ended_s
    )
    return visitors, min(visitor.planned_s for visitor in visitors)


def _health_checks(sheet: Sheet, attempt: Attempt, zero_s: float) -> None:
    """A thin bar for each, from request to answer."""
    probes = sorted(
        (one for one in attempt.exchanges if one.path == "/health"), key=lambda one: one.planned_s
    )
    sheet.y += 6
    sheet.text(LABEL_X, sheet.y + 14, "health checks", "", "end")
    sheet.text(LABEL_X, sheet.y + 30, "20 a second", "quiet", "end")
    for probe in probes:
        sheet.bar("lost", probe.planned_s - zero_s, probe.ended_s - zero_s, PROBE_HEIGHT)
        sheet.y += PROBE_HEIGHT + 1


def _path(call: ServiceEvent) -> str:
    return call.what.partition(" ")[2]


def _with_calls(attempt: Attempt, route: str) -> tuple[Exchange, list[ServiceEvent]]:
    """A visitor, and the app's calls for them: those that arrived before the next visitor."""
    visitors = sorted(
        (one for one in attempt.exchanges if one.path != "/health"), key=lambda one: one.planned_s
    )
    (number,) = [number for number, one in enumerate(visitors) if one.path == route]
    until_s = visitors[number + 1].planned_s if number + 1 < len(visitors) else float("inf")
    return visitors[number], [
        call for call in attempt.events if visitors[number].planned_s <= call.began_s < until_s
    ]
